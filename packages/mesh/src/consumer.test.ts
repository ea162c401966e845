import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { it } from 'node:test'
import type { Channel, ChannelModel } from 'amqplib'
import type { Connection } from './connection.ts'
import { consume } from './consumer.ts'
import { createLog } from './log.ts'
import { instanceQueue } from './topology.ts'

const log = createLog('test', '1', 'silent')

/** More turns than it takes to set a channel up */
const TURNS = 200

it('makes a binding that is asked for at any moment while its channel is set up', async () => {
  const missing: number[] = []
  for (let turns = 0; turns < TURNS; turns++) {
    const { connection, bound } = fakeConnection()
    const consumer = consume(connection, { queue: instanceQueue('q'), prefetch: 1, log, onDelivery })
    await turnsOf(turns)
    await consumer.bind('warren.events', 'late')
    await consumer.up
    await turnsOf(TURNS)
    if (!bound.includes('late')) missing.push(turns)
    await consumer.close()
  }
  assert.deepEqual(missing, [])
})

function onDelivery(): void {}

async function turnsOf(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve()
}

/** A broker that does all that it is asked to at once. */
function fakeConnection(): { readonly connection: Connection; readonly bound: readonly string[] } {
  const bound: string[] = []
  const channel = Object.assign(new EventEmitter(), {
    assertExchange: async () => {},
    assertQueue: async () => {},
    bindQueue: async (_queue: string, _exchange: string, key: string) => void bound.push(key),
    prefetch: async () => {},
    consume: async () => ({ consumerTag: 'tag' }),
    cancel: async () => {},
    close: async () => {},
  })
  const model = { createChannel: async () => channel as unknown as Channel } as ChannelModel
  const onUp = (listener: (connection: ChannelModel) => void): (() => void) => {
    listener(model)
    return () => {}
  }
  return { connection: { current: () => model, onUp, blocked: () => false, close: async () => {} }, bound }
}
