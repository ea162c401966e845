import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { client, consume, emit, subscribe, workQueue, type Delivery } from '@warren/mesh'
import type { WarrenError } from '@warren/contracts'
import { startOwnBroker } from '../support/broker.ts'
import {
  desk,
  failure,
  gate,
  join,
  leave,
  openRaw,
  queueState,
  recordingLog,
  serveDesk,
  timed,
  until,
} from '../support/mesh.ts'

const broker = await startOwnBroker()
after(async () => {
  await leave()
  await broker.remove()
})
const callee = await join('desk', broker.amqpUrl)
const held = gate()
await serveDesk(
  callee,
  { look: async ({ input }) => (input.text === 'held' && (await held.opened), input) },
  { prefetch: 600 },
)

// RabbitMQ 3.10 may not bring back a quorum queue that was not a second old when it was killed: this is the first thing
const durable = await subscribe(callee, () => {}, { durable: 'kept', patterns: ['desk.#'] })
await durable.up
await durable.close()

it('acks and takes messages while the broker blocks publishers, and refuses calls and events at once', async (t) => {
  if (!broker.alarm) return t.skip('the broker runs in a container')
  const mesh = await join('worker', broker.amqpUrl)
  const raw = await openRaw(broker.amqpUrl)
  const deliveries: Delivery[] = []
  const queue = workQueue('alarmed')
  const consumer = consume(mesh.consuming, {
    queue,
    prefetch: 2,
    log: recordingLog(),
    onDelivery: (each) => deliveries.push(each),
  })
  await consumer.up
  for (let n = 0; n < 6; n++) raw.channel.sendToQueue('alarmed', Buffer.from(String(n)))
  await until('two are out', () => deliveries.length === 2)
  const caller = client(desk, mesh)
  await caller.echo({ text: 'hi' })
  await emit(mesh, desk.events.said, { id: 'a', text: '' })

  await broker.alarm(true)
  // the broker tells a connection only when it publishes next; that message waits in between
  const waiting = [
    caller.echo({ text: 'waits' }).catch((error: WarrenError) => error.code),
    emit(mesh, desk.events.said, { id: 'a', text: '' }).catch((error: WarrenError) => error.code),
  ]
  await until('it is told', () => mesh.requester.status() !== true && mesh.publisher.status() !== true)
  assert.match(String(mesh.status().broker), /blocks publishers/)
  const { ms } = await timed(() => failure(caller.echo({ text: 'hi' }), 'UNAVAILABLE'))
  assert.ok(ms < 50, `${ms} ms`)
  const refused = await timed(() => failure(emit(mesh, desk.events.said, { id: 'a', text: '' }), 'UNAVAILABLE'))
  assert.ok(refused.ms < 50, `${refused.ms} ms`)
  for (const each of deliveries) each.ack()
  await until('the acks went through, for there are others', () => deliveries.length === 4)
  for (const each of deliveries) each.ack()
  await until('and the last ones', () => deliveries.length === 6)

  await broker.alarm(false)
  await until('it is over', () => mesh.status().broker === true)
  assert.deepEqual(await Promise.all(waiting), [{ text: 'waits' }, undefined])
  assert.deepEqual(await caller.echo({ text: 'again' }), { text: 'again' })
  await emit(mesh, desk.events.said, { id: 'a', text: '' })
  await consumer.close()
})

it('settles each of 500 calls once when the broker is killed, and goes on when it is back', async () => {
  const mesh = await join('caller', broker.amqpUrl)
  const caller = client(desk, mesh)
  const kept: string[] = []
  await emit(mesh, desk.events.said, { id: 'a', text: '' }, { id: 'confirmed' })

  const settlements = Array.from({ length: 500 }, () => 0)
  const codes = new Set<string>()
  const calls = settlements.map((_, n) => {
    const settled = (code: string): void => {
      settlements[n] = (settlements[n] as number) + 1
      codes.add(code)
    }
    return caller.look({ text: 'held' }).then(
      () => settled('answered'),
      (error: WarrenError) => settled(error.code),
    )
  })
  const raw = await openRaw(broker.amqpUrl)
  await until('all are under way', async () => (await queueState(raw, 'rpc.desk'))?.messageCount === 0)
  assert.equal(mesh.requester.pending(), 500)
  await broker.kill()
  const { ms } = await timed(() => Promise.all(calls))
  assert.ok(ms < 4_000, `${ms} ms`)
  assert.ok(settlements.every((count) => count === 1))
  // they are idempotent and would be sent again, but the broker is not back in time
  assert.deepEqual([...codes], ['UNAVAILABLE'])
  assert.equal(mesh.requester.pending(), 0)
  const { ms: refused } = await timed(() => failure(caller.echo({ text: 'hi' }), 'UNAVAILABLE'))
  assert.ok(refused < 50, `${refused} ms`)
  await failure(emit(mesh, desk.events.said, { id: 'a', text: '' }), 'UNAVAILABLE')
  held.open()

  await broker.start()
  await until('both are back', () => mesh.status().broker === true && callee.status().broker === true, 15_000)
  assert.deepEqual(await caller.echo({ text: 'again' }), { text: 'again' })
  const again = await subscribe(mesh, ({ id }) => void kept.push(id), { durable: 'kept', patterns: ['desk.#'] })
  await until('what was confirmed is there', () => kept.includes('confirmed'))
  await again.close()
})
