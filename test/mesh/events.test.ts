import assert from 'node:assert/strict'
import { it } from 'node:test'
import { client, emit, subscribe, type CloudEvent } from '@warren/mesh'
import type { GetMessage } from 'amqplib'
import {
  desk,
  failure,
  inspect,
  join,
  openRaw,
  queueState,
  serveDesk,
  until,
  useTcpProxy,
  useVirtualHost,
} from '../support/mesh.ts'

const vhost = await useVirtualHost()
const raw = await openRaw(vhost.amqpUrl)
const publisher = await join('publisher', vhost.amqpUrl)

const say = (id: string, eventId: string) => emit(publisher, desk.events.said, { id, text: 'hi' }, { id: eventId })

it('brings a live subscription what it is bound to, as a CloudEvent', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const heard: { event: CloudEvent; topic: string }[] = []
  const live = await subscribe(mesh, (event, topic) => void heard.push({ event, topic }), { patterns: ['desk.a.*'] })
  await live.up
  await say('b', '1')
  await emit(publisher, desk.events.said, { id: 'a', text: 'hi' }, { id: '2', time: '2026-01-01T00:00:00.000Z' })
  await until('it is heard', () => heard.length === 1)
  assert.deepEqual(heard[0], {
    topic: 'desk.a.said',
    event: {
      specversion: '1.0',
      id: '2',
      source: '/warren/desk',
      type: 'warren.desk.said',
      subject: 'a',
      time: '2026-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      sequence: '00000000000000000002',
      data: { id: 'a', text: 'hi' },
    },
  })
  await live.close()
})

it('binds late, keeps that across a reconnect, and unbinds', async () => {
  const proxy = await useTcpProxy(vhost.amqpUrl)
  const mesh = await join('listener', proxy.url)
  const heard: string[] = []
  const live = await subscribe(mesh, ({ id }) => void heard.push(id))
  await live.up
  await live.bind('desk.late.*')
  await live.bind('desk.brief.*')
  await live.unbind('desk.brief.*')
  await say('brief', 'no')
  await say('late', '1')
  await until('it is heard', () => heard.length === 1)
  proxy.cut(`${mesh.name} consumes`)
  await until('it is told', () => mesh.status().broker !== true)
  await until('it is back', () => mesh.status().broker === true)
  await say('brief', 'no')
  await say('late', '2')
  await until('it is heard again', () => heard.length === 2)
  assert.deepEqual(heard, ['1', '2'])
  await live.close()
})

it('binds at whatever moment of its start it is asked to', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  for (let moment = 0; moment < 40; moment++) {
    const heard: string[] = []
    const started = performance.now()
    const live = await subscribe(mesh, ({ id }) => void heard.push(id))
    while (performance.now() - started < moment / 4) await new Promise(setImmediate)
    await live.bind(`desk.m${moment}.*`)
    await live.up
    await say(`m${moment}`, 'x')
    await until(`it is heard, though bound ${moment / 4} ms after the start`, () => heard.length === 1, 500)
    await live.close()
  }
})

it('leaves nothing behind when a live subscription is closed', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const live = await subscribe(mesh, () => {}, { patterns: ['desk.#'] })
  await live.up
  const names = async () => (await inspect<{ name: string }[]>(`/api/queues/${vhost.name}`)).map(({ name }) => name)
  const ours = async () => (await names()).filter((name) => name.startsWith(`live.listener.${mesh.instance}.`))
  await until('its queue is there', async () => (await ours()).length === 1)
  await live.close()
  await until('its queue is gone', async () => (await ours()).length === 0, 1_000)
})

it('keeps the events of a durable subscription while nobody listens', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const heard: string[] = []
  const options = { durable: 'kept', patterns: ['desk.kept.*'] }
  const first = await subscribe(mesh, ({ id }) => void heard.push(id), options)
  await first.up
  await first.close()
  for (const id of ['1', '2', '3']) await say('kept', id)
  assert.equal(heard.length, 0)
  const again = await subscribe(mesh, ({ id }) => void heard.push(id), options)
  await until('all are heard', () => heard.length === 3)
  assert.deepEqual(heard.toSorted(), ['1', '2', '3'])
  await again.close()
})

/** The messages parked now, taken away. */
async function takeParked(count: number): Promise<GetMessage[]> {
  await until('they are parked', async () => (await queueState(raw, 'dead'))?.messageCount === count, 10_000)
  const taken: GetMessage[] = []
  for (let message = await raw.channel.get('dead', { noAck: true }); message;) {
    taken.push(message)
    message = await raw.channel.get('dead', { noAck: true })
  }
  return taken
}

it('delivers 4/1/1 where one of three durable subscribers fails, parks one message, and replays it to that one', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const patterns = ['desk.poison.*']
  const tries: { at: number; topic: string; id: string }[] = []
  let broken = true
  const heard: Record<string, string[]> = { one: [], other: [] }
  const failing = await subscribe(
    mesh,
    ({ id }, topic) => {
      tries.push({ at: performance.now(), topic, id })
      if (broken) throw new Error('on purpose')
    },
    { durable: 'failing', patterns, retryAfterMs: [100, 200, 300] },
  )
  const one = await subscribe(mesh, ({ id }) => void heard['one']?.push(id), { durable: 'one', patterns })
  const other = await subscribe(mesh, ({ id }) => void heard['other']?.push(id), { durable: 'other', patterns })
  await Promise.all([failing.up, one.up, other.up])

  await say('poison', 'p1')
  const [parked, ...more] = await takeParked(1)
  assert.ok(parked)
  assert.equal(more.length, 0)
  assert.deepEqual([tries.length, heard['one'], heard['other']], [4, ['p1'], ['p1']])
  assert.deepEqual(new Set(tries.map(({ topic, id }) => `${topic} ${id}`)), new Set(['desk.poison.said p1']))
  const waits = tries.slice(1).map(({ at }, n) => at - (tries[n]?.at ?? 0))
  for (const [n, ms] of [100, 200, 300].entries()) assert.ok((waits[n] ?? 0) >= ms, `${waits[n]} ms, not ${ms}`)
  assert.equal(parked.fields.routingKey, 'events.failing')
  assert.equal((JSON.parse(parked.content.toString()) as CloudEvent).id, 'p1')
  const { headers, messageId, type } = parked.properties
  assert.deepEqual([messageId, type], ['p1', 'warren.desk.said'])
  assert.deepEqual({ ...headers }, { topic: 'desk.poison.said', reason: 'on purpose', attempts: 4 })
  for (const queue of ['events.failing', 'wait.100', 'wait.200', 'wait.300']) {
    assert.equal((await queueState(raw, queue))?.messageCount, 0, queue)
  }

  broken = false
  raw.channel.sendToQueue('events.failing', parked.content, { headers: { topic: 'desk.poison.said' } })
  await until('it is tried again', () => tries.length === 5)
  assert.deepEqual([tries[4]?.topic, heard['one'], heard['other']], ['desk.poison.said', ['p1'], ['p1']])
  await Promise.all([failing.close(), one.close(), other.close()])
})

it('parks at once what is no JSON', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const heard: string[] = []
  const reader = await subscribe(mesh, ({ id }) => void heard.push(id), { durable: 'reader', patterns: ['desk.raw.*'] })
  await reader.up
  raw.channel.publish('warren.events', 'desk.raw.said', Buffer.from('{"id":'))
  const [parked] = await takeParked(1)
  assert.match(parked?.properties.headers?.['reason'] as string, /^not JSON: /)
  assert.equal(parked?.properties.headers?.['attempts'], 1)
  await say('raw', 'r1')
  await until('it goes on', () => heard.length === 1)
  await reader.close()
})

it('tries again as often as it says, through the same queue', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  let tries = 0
  const again = await subscribe(
    mesh,
    () => {
      if (++tries < 7) throw new Error('not yet')
    },
    { durable: 'again', patterns: ['desk.again.*'], attempts: 8, retryAfterMs: [20] },
  )
  await again.up
  await say('again', 'a1')
  await until('it succeeds', () => tries === 7)
  assert.equal((await queueState(raw, 'dead'))?.messageCount, 0)
  await again.close()
})

it('parks what waits for a subscription that is gone', async () => {
  const mesh = await join('listener', vhost.amqpUrl)
  const failing = await subscribe(mesh, () => assert.fail('not today'), {
    durable: 'brief',
    patterns: ['desk.brief.*'],
    retryAfterMs: [500],
  })
  await failing.up
  await say('brief', 'b1')
  await until('it waits', async () => (await queueState(raw, 'wait.500'))?.messageCount === 1)
  await failing.close()
  await raw.channel.deleteQueue('events.brief')
  const [parked] = await takeParked(1)
  assert.equal(parked?.fields.routingKey, 'events.brief')
})

it('shares a durable subscription between those of the same name', async () => {
  const heard = { one: 0, other: 0 }
  const options = { durable: 'shared', patterns: ['desk.shared.*'], prefetch: 5 }
  const subscriptions = [
    await subscribe(await join('listener', vhost.amqpUrl), () => void heard.one++, options),
    await subscribe(await join('listener', vhost.amqpUrl), () => void heard.other++, options),
  ]
  await Promise.all(subscriptions.map(({ up }) => up))
  await Promise.all(Array.from({ length: 100 }, (_, n) => say('shared', `s${n}`)))
  await until('all are heard', () => heard.one + heard.other >= 100)
  assert.equal(heard.one + heard.other, 100)
  assert.ok(Math.min(heard.one, heard.other) > 0)
})

it('confirms 2,000 events at once', async () => {
  const { queue } = await raw.channel.assertQueue('', { exclusive: true })
  await raw.channel.bindQueue(queue, 'warren.events', 'desk.many.*')
  await Promise.all(Array.from({ length: 2_000 }, (_, n) => say('many', `m${n}`)))
  assert.equal((await raw.channel.checkQueue(queue)).messageCount, 2_000)
})

it('confirms an event that is emitted twice at once', async () => {
  await Promise.all([say('twice', 'same'), say('twice', 'same')])
})

it('tells whether a queue took it', async () => {
  const to = (key: string) => {
    const properties = { messageId: key }
    return publisher.publisher.publish({ exchange: '', key, body: Buffer.from('x'), properties, mandatory: true })
  }
  await raw.channel.assertQueue('taken')
  assert.deepEqual(await Promise.all(['taken', 'not taken', 'taken'].map(to)), [true, false, true])
})

it('rejects an event at once while there is no broker, and emits again when it is back', async () => {
  const proxy = await useTcpProxy(vhost.amqpUrl)
  const mesh = await join('publisher', proxy.url)
  proxy.refuse(true)
  proxy.cut()
  await until('it is told', () => mesh.publisher.status() !== true)
  const error = await failure(emit(mesh, desk.events.said, { id: 'a', text: '' }), 'UNAVAILABLE')
  assert.equal(error.details.retryAfter, 1)
  await failure(client(desk, mesh).echo({ text: '' }), 'UNAVAILABLE')
  proxy.refuse(false)
  await until('it is back', () => mesh.status().broker === true, 10_000)
  await emit(mesh, desk.events.said, { id: 'a', text: '' })
})

it('rejects what was not confirmed when the connection was lost', async () => {
  const proxy = await useTcpProxy(vhost.amqpUrl)
  const mesh = await join('publisher', proxy.url)
  proxy.hold(true)
  let settled = 0
  const emitted = Array.from({ length: 300 }, () => {
    return failure(emit(mesh, desk.events.said, { id: 'a', text: '' }), 'UNAVAILABLE').finally(() => settled++)
  })
  assert.equal(settled, 0)
  proxy.hold(false)
  proxy.cut()
  await Promise.all(emitted)
  await until('it is back', () => mesh.status().broker === true)
  const server = await serveDesk(mesh)
  await emit(mesh, desk.events.said, { id: 'a', text: '' })
  await server.close()
})
