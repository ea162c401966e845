import assert from 'node:assert/strict'
import { it } from 'node:test'
import { client, consume, emit, subscribe, workQueue, type Delivery } from '@warren/mesh'
import {
  desk,
  failure,
  gate,
  join,
  openRaw,
  queueState,
  recordingLog,
  serveDesk,
  until,
  useVirtualHost,
  type LogEntry,
} from '../support/mesh.ts'

const vhost = await useVirtualHost()
const raw = await openRaw(vhost.amqpUrl)

it('restores the consumer whose queue was deleted, as soon as that can be, and leaves the others alone', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const connection = mesh.consuming.current()
  const heard: string[] = []
  const other: string[] = []
  const durable = await subscribe(mesh, ({ id }) => void heard.push(id), {
    durable: 'restored',
    patterns: ['desk.a.*'],
  })
  const neighbour = await subscribe(mesh, ({ id }) => void other.push(id), { patterns: ['desk.#'] })
  await Promise.all([durable.up, neighbour.up])
  await durable.bind('desk.b.*')
  assert.equal(mesh.status().broker, true)

  // in the way of the declaration: it fails with 406 until this queue is gone
  await raw.channel.deleteQueue('events.restored')
  await raw.channel.assertQueue('events.restored', { durable: true })
  await until('it is told what is missing', () => mesh.status().broker === 'queue events.restored')
  await emit(mesh, desk.events.said, { id: 'a', text: '' }, { id: 'meanwhile' })
  await until('the neighbour hears', () => other.includes('meanwhile'))
  assert.equal(mesh.status().broker, 'queue events.restored')
  assert.equal(mesh.consuming.current(), connection, 'the connection stays')

  await raw.channel.deleteQueue('events.restored')
  await until('it is well again', () => mesh.status().broker === true, 15_000)
  assert.equal((await queueState(raw, 'events.restored'))?.consumerCount, 1)
  await emit(mesh, desk.events.said, { id: 'a', text: '' }, { id: 'first' })
  await emit(mesh, desk.events.said, { id: 'b', text: '' }, { id: 'late' })
  await until('both bindings are there', () => heard.length === 2)
  assert.deepEqual(heard, ['first', 'late'])
  assert.deepEqual(other, ['meanwhile', 'first', 'late'])
})

it('restores the consumer whose channel failed, and its neighbours notice nothing', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const connection = mesh.consuming.current()
  const deliveries: Delivery[] = []
  const held: Delivery[] = []
  const entries: LogEntry[] = []
  const log = recordingLog(entries)
  const queue = workQueue('failing', { exchange: 'warren.events', key: 'desk.c.*' })
  const failing = consume(mesh.consuming, { queue, prefetch: 10, log, onDelivery: (each) => deliveries.push(each) })
  const neighbour = consume(mesh.consuming, {
    queue: workQueue('neighbour', { exchange: 'warren.events', key: 'desk.*.*' }),
    prefetch: 10,
    log,
    onDelivery: (each) => held.push(each),
  })
  await Promise.all([failing.up, neighbour.up])
  await failing.bind('warren.events', 'desk.d.*')
  await emit(mesh, desk.events.said, { id: 'c', text: '' })
  const [first] = await until(
    'a delivery',
    () => deliveries.length === 1 && held.length === 1 && (deliveries as [Delivery]),
  )
  let lost = 0
  first.onLost(() => lost++)

  first.message.fields.deliveryTag = 999 // unknown to the broker: 406, and the channel is closed
  first.ack()
  await until('the channel is gone', () => failing.status() === 'queue failing')
  await until('and back', () => failing.status() === true)
  const failed = entries.find(({ message }) => message === 'channel failed')
  assert.match(String(failed?.fields['error']), /unknown delivery tag/)
  await until('the message comes again', () => deliveries.length === 2)
  await emit(mesh, desk.events.said, { id: 'd', text: '' })
  await until('the late binding is there', () => deliveries.length === 3)
  assert.equal(mesh.consuming.current(), connection)
  assert.equal(held[0]?.lost(), false)
  await until('the neighbour hears', () => held.length === 2)
  await Promise.all([failing.close(), neighbour.close()])
  assert.equal(lost, 0, 'a delivery that was acked is nobody’s loss')
})

it('tells a delivery that its channel is gone, also where the channel never was set up', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const deliveries: Delivery[] = []
  const consumer = consume(mesh.consuming, {
    queue: workQueue('passing'),
    prefetch: 10,
    log: recordingLog(),
    onDelivery: (each) => deliveries.push(each),
  })
  await consumer.up
  await raw.channel.assertExchange('passing', 'fanout')
  await consumer.bind('passing', '')
  raw.channel.sendToQueue('passing', Buffer.from('once'))
  const first = await until('a delivery', () => deliveries[0])
  await raw.channel.deleteExchange('passing') // the binding fails from now on, when messages are taken already
  first.message.fields.deliveryTag = 999
  first.ack()
  const second = await until('another delivery', () => deliveries[1])
  await until('it is told', () => second.lost())
  second.ack() // does nothing
  await raw.channel.assertExchange('passing', 'fanout')
  await until('it is well again', () => consumer.status() === true, 15_000)
  await until('the message is there', () => deliveries.at(-1)?.lost() === false)
  deliveries.at(-1)?.ack()
  await consumer.close()
  assert.equal((await queueState(raw, 'passing'))?.messageCount, 0)
})

it('settles the calls on a channel that failed, and makes a new one', async () => {
  const mesh = await join('caller', vhost.amqpUrl)
  const caller = client(desk, mesh)
  const ended = gate()
  const server = await serveDesk(await join('desk', vhost.amqpUrl), {
    echo: async ({ input }) => ended.opened.then(() => input),
  })
  const pending = caller.echo({ text: 'lost' })
  const astray = { exchange: 'no-such-exchange', key: '', type: '', body: Buffer.from(''), messageId: '1' }
  const settled = [
    failure(pending, 'PEER_LOST'),
    failure(mesh.requester.request({ ...astray, deadline: Date.now() + 5_000 }), 'PEER_LOST'),
  ]
  await Promise.all(settled)
  assert.equal(mesh.requester.pending(), 0)
  await until('the channel is back', () => mesh.requester.status() === true)
  ended.open()
  assert.deepEqual(await caller.echo({ text: 'again' }), { text: 'again' })
  await server.close()
})

it('rejects what was to be published on a channel that failed, and makes a new one', async () => {
  const mesh = await join('publisher', vhost.amqpUrl)
  const publication = { exchange: 'no-such-exchange', key: '', body: Buffer.from(''), properties: { messageId: '1' } }
  await failure(mesh.publisher.publish(publication), 'UNAVAILABLE')
  await until('the channel is back', () => mesh.publisher.status() === true)
  await emit(mesh, desk.events.said, { id: 'a', text: '' })
})

it('keeps a channel on which a callback threw', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const seen: string[] = []
  const consumer = consume(mesh.consuming, {
    queue: workQueue('throwing'),
    prefetch: 0,
    log: recordingLog(),
    onDelivery: ({ message }) => {
      seen.push(message.content.toString())
      throw new Error('on purpose')
    },
  })
  await consumer.up
  for (const body of ['1', '2']) raw.channel.sendToQueue('throwing', Buffer.from(body))
  await until('both came', () => seen.length === 2)
  assert.equal(consumer.status(), true)
  await consumer.close()
})

it('closes a consumer that is not up yet', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const consumer = consume(mesh.consuming, {
    queue: workQueue('brief'),
    prefetch: 1,
    log: recordingLog(),
    onDelivery() {},
  })
  await consumer.close()
  await assert.rejects(consumer.up)
  const probe = consume(mesh.consuming, {
    queue: workQueue('brief'),
    prefetch: 1,
    log: recordingLog(),
    onDelivery() {},
  })
  await probe.up
  assert.equal((await queueState(raw, 'brief'))?.consumerCount, 1)
  await probe.close()
  await until('nobody consumes', async () => (await queueState(raw, 'brief'))?.consumerCount === 0)
})

it('pauses and resumes in the order in which that was asked for, also while the broker answers', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const heard: string[] = []
  const onDelivery = (delivery: Delivery): void => {
    heard.push(delivery.message.content.toString())
    delivery.ack()
  }
  const queue = workQueue('switched', { exchange: 'warren.events', key: 'desk.switched.*' })
  const consumer = consume(mesh.consuming, { queue, prefetch: 1, log: recordingLog(), onDelivery })
  await consumer.up
  await consumer.pause()
  void consumer.resume()
  await consumer.pause()
  assert.equal((await queueState(raw, 'switched'))?.consumerCount, 0)
  raw.channel.publish('warren.events', 'desk.switched.said', Buffer.from('once'))
  await until('it waits', async () => (await queueState(raw, 'switched'))?.messageCount === 1)
  assert.deepEqual(heard, [])
  void consumer.resume()
  void consumer.pause()
  await consumer.resume()
  assert.equal((await queueState(raw, 'switched'))?.consumerCount, 1)
  await until('it is taken', () => heard.length === 1)
  await consumer.close()
})
