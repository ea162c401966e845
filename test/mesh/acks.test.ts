import assert from 'node:assert/strict'
import { it } from 'node:test'
import { client, consume, workQueue, type Consumer, type Delivery, type Mesh } from '@warren/mesh'
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
  useTcpProxy,
  useVirtualHost,
} from '../support/mesh.ts'

const vhost = await useVirtualHost()
const proxy = await useTcpProxy(vhost.amqpUrl)
const raw = await openRaw(vhost.amqpUrl)

interface Taken {
  readonly consumer: Consumer
  readonly deliveries: Delivery[]
}

/** Takes deliveries of a queue and settles none. */
async function take(mesh: Mesh, name: string, prefetch = 50): Promise<Taken> {
  const deliveries: Delivery[] = []
  const log = recordingLog()
  const consumer = consume(mesh.consuming, {
    queue: workQueue(name),
    prefetch,
    log,
    onDelivery: (each) => deliveries.push(each),
  })
  await consumer.up
  return { consumer, deliveries }
}

function send(queue: string, ...bodies: string[]): void {
  for (const body of bodies) raw.channel.sendToQueue(queue, Buffer.from(body), { persistent: true })
}

const bodyOf = ({ message }: Delivery): string => message.content.toString()

/** What is in a queue once nobody holds any of it. */
async function left(queue: string): Promise<string[]> {
  const bodies: string[] = []
  for (;;) {
    const message = await raw.channel.get(queue, { noAck: true })
    if (!message) return bodies.toSorted()
    bodies.push(message.content.toString())
  }
}

it('acks no other message after a reconnect', async () => {
  const mesh = await join('worker', proxy.url)
  const { consumer, deliveries } = await take(mesh, 'late', 3)
  send('late', 'A', 'B', 'C', 'D')
  const [a, b, c] = await until(
    'three deliveries',
    () => deliveries.length === 3 && (deliveries as [Delivery, Delivery, Delivery]),
  )
  const lost: string[] = []
  b.onLost(() => lost.push('B'))
  c.onLost(() => lost.push('C'))
  a.ack()
  await until('the broker has heard, for it gives another', () => deliveries.length === 4)
  assert.equal(b.lost(), false)

  proxy.cut(`${mesh.name} consumes`)
  const [b2, c2] = await until(
    'they come again',
    () => deliveries.length === 7 && (deliveries.slice(4) as [Delivery, Delivery]),
  )
  assert.deepEqual(lost, ['B', 'C'])
  assert.equal(b.lost(), true)
  assert.deepEqual([b2, c2].map(bodyOf).toSorted(), ['B', 'C'])
  assert.equal(c2.message.fields.deliveryTag, b.message.fields.deliveryTag, 'the tag means another message now')

  b.ack() // late: it is not ours any more
  b.reject()
  b.handBack()
  assert.equal(c2.lost(), false)
  await consumer.close()
  await until('all are back', async () => (await queueState(raw, 'late'))?.messageCount === 3)
  assert.deepEqual(await left('late'), ['B', 'C', 'D'])
})

it('tells at once whoever asks late that the delivery was lost', async () => {
  const mesh = await join('worker', proxy.url)
  const { consumer, deliveries } = await take(mesh, 'told')
  send('told', 'A')
  const [first] = await until('a delivery', () => deliveries.length === 1 && (deliveries as [Delivery]))
  proxy.cut(`${mesh.name} consumes`)
  await until('it is lost', () => first.lost())
  let told = 0
  first.onLost(() => told++)
  assert.equal(told, 1)
  await consumer.close()
})

it('settles what was settled, in whatever order, and nothing else', async () => {
  const mesh = await join('worker', proxy.url)
  const { consumer, deliveries } = await take(mesh, 'order')
  send('order', '1', '2', '3', '4', '5', '6')
  await until('six deliveries', () => deliveries.length === 6)
  const [one, two, three, four, , six] = deliveries as [Delivery, Delivery, Delivery, Delivery, Delivery, Delivery]
  four.ack()
  two.ack()
  one.ack()
  three.handBack() // comes again
  six.ack()
  await until('3 comes again', () => deliveries.length === 7)
  assert.equal(bodyOf(deliveries[6] as Delivery), '3')
  await consumer.close()
  await until('two are left', async () => (await queueState(raw, 'order'))?.messageCount === 2)
  assert.deepEqual(await left('order'), ['3', '5'])
})

it('aborts the handler whose delivery was lost', async () => {
  const callee = await join('desk', proxy.url)
  const caller = client(desk, await join('caller', vhost.amqpUrl))
  const [started, ended] = [gate(), gate()]
  const reasons: string[] = []
  const server = await serveDesk(callee, {
    echo: async ({ input, signal }) => {
      if (reasons.length > 0) return input // the second time
      signal.addEventListener('abort', () => reasons.push((signal.reason as Error).message))
      started.open()
      await ended.opened
      return input
    },
  })
  const call = caller.echo({ text: 'hi' })
  await started.opened
  proxy.cut(`${callee.name} consumes`)
  await until('the signal fires', () => reasons.length === 1)
  assert.deepEqual(reasons, ['the delivery was lost'])
  assert.deepEqual(await call, { text: 'hi' }, 'whoever gets it next answers')
  ended.open()
  await server.close()
  await failure(caller.echo({ text: 'hi' }), 'UNROUTABLE')
})
