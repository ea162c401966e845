import assert from 'node:assert/strict'
import { it } from 'node:test'
import { failure, queueState } from './support/mesh.ts'
import { admin, openDesk, settled } from './support/notifier.ts'
import { eventually } from './support/wait.ts'

const { api, raw, sql, stop, start, subscribed } = await openDesk()

it('takes parked messages, lists them, replays them to their queue alone, and discards them', async () => {
  for (const name of ['mine', 'other']) {
    await raw.channel.assertQueue(name, { durable: false })
    await raw.channel.bindQueue(name, 'warren.events', 'desk.parked.*')
  }
  const park = (queue: string, messageId: string, body: Buffer) =>
    raw.channel.publish('warren.dead', queue, body, {
      messageId,
      type: 'warren.desk.said',
      headers: { reason: 'on purpose', attempts: 4, topic: 'desk.parked.said', color: 'blue' },
    })
  const bytes = Buffer.from([0, 255, 65])
  park('mine', 'm1', bytes)
  park('mine', 'm1', bytes)
  park('mine', 'm2', Buffer.from('{}'))
  park('gone', 'm3', Buffer.from('{}'))
  const messages = await eventually('they are listed', 5_000, async () => {
    const { messages } = await api.listParked({}, admin)
    return messages.length === 3 && new Map(messages.map((message) => [message.messageId, message]))
  })
  assert.equal((await queueState(raw, 'dead'))?.messageCount, 0)
  const [m1, m2, gone] = ['m1', 'm2', 'm3'].map((id) => messages.get(id))
  const { queue, topic, reason, attempts, type } = m1 as NonNullable<typeof m1>
  assert.deepEqual(
    [queue, topic, reason, attempts, type],
    ['mine', 'desk.parked.said', 'on purpose', 4, 'warren.desk.said'],
  )

  await api.replayParked({ id: m1?.id as string }, admin)
  const back = await raw.channel.get('mine', { noAck: true })
  assert.ok(back)
  assert.deepEqual(back.content, bytes)
  assert.deepEqual({ ...back.properties.headers }, { color: 'blue', topic: 'desk.parked.said' })
  assert.equal((await queueState(raw, 'other'))?.messageCount, 0)
  await failure(api.replayParked({ id: m1?.id as string }, admin), 'NO_SUCH_MESSAGE')
  await failure(api.replayParked({ id: gone?.id as string }, admin), 'CONFLICT')
  await api.discardParked({ id: m2?.id as string }, admin)
  const left = await api.listParked({}, { principal: 'local' })
  assert.deepEqual(
    left.messages.map(({ messageId }) => messageId),
    ['m3'],
  )
  await api.discardParked({ id: gone?.id as string }, admin)
})

it('says why and whence, also of messages that the broker parked', async () => {
  await raw.channel.assertQueue('limited', {
    arguments: {
      'x-queue-type': 'quorum',
      'x-delivery-limit': 1,
      'x-dead-letter-exchange': 'warren.dead',
      'x-dead-letter-routing-key': 'limited',
    },
  })
  await raw.channel.bindQueue('limited', 'warren.events', 'desk.limited.*')
  raw.channel.publish('warren.events', 'desk.limited.said', Buffer.from('{}'), { messageId: 'l1' })
  for (let tries = 0; tries < 2; tries++) {
    const message = await eventually('it is there', 5_000, async () => (await raw.channel.get('limited')) || undefined)
    raw.channel.reject(message, true)
  }
  const [parked] = await eventually('it is listed', 5_000, async () => {
    const { messages } = await api.listParked({ queue: 'limited' }, admin)
    return messages.length === 1 && messages
  })
  assert.deepEqual([parked?.reason, parked?.topic, parked?.messageId], ['delivery_limit', 'desk.limited.said', 'l1'])
  await api.replayParked({ id: parked?.id as string }, admin)
  const back = await eventually('it is back', 5_000, async () => (await raw.channel.get('limited')) || undefined)
  const { 'x-delivery-count': _count, ...headers } = back.properties.headers ?? {}
  assert.deepEqual(headers, { topic: 'desk.limited.said' })
})

it('forgets deliveries after a week and parked messages after a month', async () => {
  const { say, log } = await subscribed()
  await say('1')
  await say('2')
  await settled(log, 'delivered')
  raw.channel.publish('warren.dead', 'somewhere', Buffer.from('x'), { messageId: 'old' })
  await eventually(
    'it is parked',
    5_000,
    async () => (await api.listParked({ queue: 'somewhere' }, admin)).messages.length === 1,
  )
  await sql`update notifier.deliveries set created_at = now() - interval '8 days' where event like '% 1'`
  await sql`update notifier.parked set parked_at = now() - interval '31 days'`
  await stop()
  await start()
  await eventually('the old one is gone', 5_000, async () => (await log()).length === 1)
  assert.deepEqual((await api.listParked({}, admin)).messages, [])
})
