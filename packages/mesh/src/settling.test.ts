import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Channel, ConsumeMessage } from 'amqplib'
import { settlements } from './settling.ts'

it('tells the broker at once what was settled when it holds messages back for that', () => {
  const { channel, acked } = fakeChannel()
  const settling = settlements(channel, () => 2)
  const [first, second] = [settling.deliver(message(1)), settling.deliver(message(2))]
  second.ack()
  assert.deepEqual(acked, ['2'])
  settling.deliver(message(3))
  first.ack()
  assert.deepEqual(acked, ['2', '..1'])
})

it('gathers acks up to half of the prefetch, whatever it is now', () => {
  const { channel, acked } = fakeChannel()
  let prefetch = 64
  const settling = settlements(channel, () => prefetch)
  for (let tag = 1; tag < 32; tag++) settling.deliver(message(tag)).ack()
  assert.deepEqual(acked, [])
  settling.deliver(message(32)).ack()
  assert.deepEqual(acked, ['..32'])
  prefetch = 2
  settling.deliver(message(33)).ack()
  assert.deepEqual(acked, ['..32', '..33'])
})

it('sends what was gathered soon, also when nothing else comes', async () => {
  const { channel, acked, told } = fakeChannel()
  settlements(channel, () => 64)
    .deliver(message(1))
    .ack()
  await told
  assert.deepEqual(acked, ['..1'])
})

/** Notes what is acked: `..3` is every tag up to 3. */
function fakeChannel(): { channel: Channel; acked: string[]; told: Promise<void> } {
  const acked: string[] = []
  const { promise: told, resolve } = Promise.withResolvers<void>()
  const ack = ({ fields }: ConsumeMessage, allUpTo = false): void => {
    acked.push(`${allUpTo ? '..' : ''}${fields.deliveryTag}`)
    resolve()
  }
  return { channel: { ack } as unknown as Channel, acked, told }
}

function message(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage
}
