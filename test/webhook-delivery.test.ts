import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { CallOptions } from '@warren/mesh'
import { HTTP, type CloudEvent } from 'cloudevents'
import { failure, gate, inspect } from './support/mesh.ts'
import { admin, openDesk, RETRY_MS, settled } from './support/notifier.ts'
import { verified } from './support/receiver.ts'
import { eventually } from './support/wait.ts'

const { vhost, api, raw, sql, stop, start, receiver, subscribed } = await openDesk()

it('sends each event as a CloudEvent, signed so that the library of Standard Webhooks accepts it', async () => {
  const { secret, received, say, log, topic } = await subscribed()
  await Promise.all([say('1'), say('2'), say('2')])
  const deliveries = await settled(log, 'delivered')
  assert.equal(deliveries.length, 2, 'an event that comes twice is one delivery')
  assert.equal(received.length, 2)
  for (const message of received) {
    assert.equal(message.headers['content-type'], 'application/cloudevents+json')
    const event = HTTP.toEvent({ headers: message.headers, body: message.body }) as CloudEvent<{ id: string }>
    assert.ok(event.validate())
    assert.deepEqual([event.type, event.source, event.data?.id], ['warren.desk.said', '/warren/desk', topic])
    assert.equal((verified(secret, message) as { id: string }).id, event.id)
    assert.equal(event['sequence'], event.id.padStart(20, '0'))
    assert.throws(() => verified(secret, { ...message, body: message.body.replace('hi', 'ho') }))
  }
  assert.notEqual(received[0]?.headers['webhook-id'], received[1]?.headers['webhook-id'])
  const [last] = deliveries
  assert.deepEqual([last?.attempts, last?.lastStatus, last?.lastError, last?.nextAt], [1, 204, null, null])
  assert.ok(last?.deliveredAt)
})

it('tries again with backoff, jitter and the same id, and stops at the first success', async () => {
  let failures = 2
  const { secret, received, say, log } = await subscribed(() => ({
    status: failures-- > 0 ? 503 : 200,
    body: 'x'.repeat(100_000),
  }))
  await say('1')
  const [delivery] = await settled(log, 'delivered')
  assert.deepEqual([delivery?.attempts, delivery?.lastStatus, received.length], [3, 200, 3])
  assert.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 1)
  assert.equal(received[0]?.headers['webhook-id'], delivery?.id)
  for (const message of received) verified(secret, message)
  const waits = received.slice(1).map(({ at }, n) => at - (received[n]?.at ?? 0))
  for (const [n, wait] of waits.entries()) assert.ok(wait >= (RETRY_MS[n] ?? 0) / 2, `${wait} ms`)
})

it('parks after the budget, and redelivers with the same id and a new budget', async () => {
  let status = 500
  const { received, say, log } = await subscribed(() => ({ status }))
  await say('1')
  const [parked] = await settled(log, 'parked')
  assert.deepEqual([parked?.attempts, parked?.lastStatus, parked?.lastError], [RETRY_MS.length + 1, 500, 'HTTP 500'])
  assert.equal(received.length, RETRY_MS.length + 1)
  status = 200
  const again = await api.redeliver({ id: parked?.id as string }, admin)
  assert.equal(again.state, 'pending')
  const [delivered] = await settled(log, 'delivered')
  assert.equal(delivered?.attempts, RETRY_MS.length + 2)
  assert.equal(received.at(-1)?.headers['webhook-id'], parked?.id)
  await api.redeliver({ id: parked?.id as string }, admin)
  await eventually('what was delivered is delivered again', 5_000, () => received.length === RETRY_MS.length + 3)
  await failure(api.redeliver({ id: 'none' }, admin), 'NO_SUCH_DELIVERY')
})

it('follows no redirect', async () => {
  const elsewhere = await receiver()
  const { say, log } = await subscribed(() => ({ status: 307, headers: { location: elsewhere.url } }))
  await say('1')
  const [parked] = await settled(log, 'parked')
  assert.deepEqual([parked?.lastStatus, parked?.lastError], [307, 'HTTP 307: redirects are not followed'])
  assert.equal(elsewhere.received.length, 0)
})

it('ends the subscription of a receiver that says it is gone', async () => {
  const { id, received, say, log } = await subscribed(() => ({ status: 410 }))
  await say('1')
  const [parked] = await settled(log, 'parked')
  assert.equal(parked?.attempts, 1)
  assert.equal((await api.getSubscription({ id }, admin)).enabled, false)
  await say('2')
  await failure(api.redeliver({ id: parked?.id ?? '' }, admin), 'CONFLICT')
  assert.deepEqual([(await log()).length, received.length], [1, 1])
})

it('refuses receivers on private addresses, however they are written', async () => {
  const urls = [
    'http://10.1.2.3/',
    'http://192.168.0.1:8080/',
    'http://172.16.0.9/',
    'http://169.254.169.254/latest',
    'http://100.64.0.1/',
    'http://0.0.0.0/',
    'http://2130706434/',
    'http://0x7f.0.0.2/',
    'http://224.0.0.1/',
    'http://[::1]/',
    'http://[::]/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[64:ff9b::10.0.0.1]/',
  ]
  for (const url of urls) {
    const error = await failure(api.createSubscription({ url, patterns: ['#'] }, admin), 'BAD_INPUT')
    assert.equal(error.details.errors?.[0]?.pointer, '/url', url)
  }
  await failure(api.createSubscription({ url: 'ftp://example.org/', patterns: ['#'] }, admin), 'BAD_INPUT')
  await failure(api.createSubscription({ url: 'http://127.0.0.1/', patterns: ['a b'] }, admin), 'BAD_INPUT')
})

it('looks at the address at each try, and connects to the one it looked at', async () => {
  const { received, say, log, id } = await subscribed()
  // as if the name had been a public one when it was subscribed
  await sql`update notifier.subscriptions set url = 'http://10.0.0.1/hook' where id = ${id}`
  await say('1')
  const [parked] = await settled(log, 'parked')
  assert.equal(parked?.attempts, 1)
  assert.match(parked?.lastError ?? '', /is not public/)
  assert.equal(received.length, 0)
})

it('lets no slow receiver hold up another, and asks none for more than four at a time', async () => {
  const { opened, open } = gate()
  const slow = await subscribed(() => ({ status: 200, after: opened }))
  const quick = await subscribed()
  await Promise.all(Array.from({ length: 30 }, (_, n) => slow.say(`s${n}`)))
  await eventually('the slow one is busy', 5_000, () => slow.target.open.now === 4)
  await Promise.all(Array.from({ length: 30 }, (_, n) => quick.say(`q${n}`)))
  await settled(quick.log, 'delivered')
  assert.equal(quick.received.length, 30)
  assert.deepEqual(slow.target.open, { now: 4, most: 4 })
  open()
  await settled(slow.log, 'delivered')
  assert.deepEqual([slow.received.length, slow.target.open.most], [30, 4])
})

it('leaves a receiver alone that fails again and again, and comes back', async () => {
  let status = 500
  const { id, received, say, log } = await subscribed(() => ({ status }))
  // one in flight at a time from the fifth failure on, however many wait
  await Promise.all(Array.from({ length: 20 }, (_, n) => say(`p${n}`)))
  const failing = async () =>
    (await sql`select failures from notifier.subscriptions where id = ${id}`)[0]?.['failures'] as number
  await eventually('it is known to fail', 5_000, async () => (await failing()) >= 5)
  const [known, asked] = [await failing(), received.length]
  const from = performance.now()
  await eventually('more tries', 10_000, async () => (await failing()) >= known + 4)
  const ms = performance.now() - from
  const least = (RETRY_MS[0] as number) / 2
  assert.ok(received.length - asked <= 2 + ms / least, `${received.length - asked} tries in ${ms} ms`)
  status = 200
  for (const { id, state } of await log()) if (state === 'parked') await api.redeliver({ id }, admin)
  await settled(log, 'delivered')
  assert.equal(await failing(), 0)
})

it('tells the owner of an event, and administrators, and nobody else', async () => {
  const ann = await subscribed(undefined, { principal: 'ann', roles: [] })
  const say = (to: typeof ann, id: string, owner?: string) => to.say(id, owner === undefined ? {} : { owner })
  await say(ann, 'hers', 'ann')
  await say(ann, 'his', 'bob')
  await say(ann, 'all')
  const root = await subscribed()
  await say(root, 'his', 'bob')
  await settled(root.log, 'delivered')
  await eventually('hers come', 5_000, () => ann.received.length === 2)
  const ids = ann.received.map(({ body }) => (JSON.parse(body) as { id: string }).id)
  assert.deepEqual(ids.toSorted(), ['all', 'hers'])

  const bob: CallOptions = { principal: 'bob', roles: [] }
  await failure(api.getSubscription({ id: ann.id }, bob), 'NO_SUCH_SUBSCRIPTION')
  await failure(api.deleteSubscription({ id: ann.id }, bob), 'NO_SUCH_SUBSCRIPTION')
  assert.deepEqual((await api.listSubscriptions({}, bob)).subscriptions, [])
  assert.deepEqual((await api.listDeliveries({}, bob)).deliveries, [])
  const [hers] = await ann.log()
  await failure(api.redeliver({ id: hers?.id as string }, bob), 'NO_SUCH_DELIVERY')
  await failure(api.listParked({}, bob), 'FORBIDDEN')
  const listed = await api.listSubscriptions({}, { principal: 'ann' })
  assert.deepEqual(
    listed.subscriptions.map(({ id, owner }) => [id, owner]),
    [[ann.id, 'ann']],
  )
  assert.ok(!JSON.stringify(listed).includes('whsec_'))
})

it('binds its queue to what somebody wants, and to nothing else', async () => {
  const bound = async (pattern: string): Promise<boolean> => {
    const bindings = await inspect<{ routing_key: string }[]>(`/api/queues/${vhost}/events.notifier/bindings`)
    return bindings.some(({ routing_key: key }) => key === pattern)
  }
  const first = await subscribed()
  const pattern = `desk.${first.topic}.*`
  const second = await api.createSubscription({ url: `${first.target.url}/second`, patterns: [pattern] }, admin)
  await api.deleteSubscription({ id: first.id }, admin)
  assert.ok(await bound(pattern))
  await first.say('1')
  await eventually('the other one hears it', 5_000, () => first.target.at('/second').length === 1)
  assert.equal(first.target.at('/hook').length, 0)
  await api.deleteSubscription({ id: second.id }, admin)
  assert.ok(!(await bound(pattern)))
})

it('reads patterns as the broker does', async () => {
  const target = await receiver()
  const patterns = ['desk.#.end', 'desk.*', '*.many.words', 'any.#']
  for (const [n, pattern] of patterns.entries()) {
    await api.createSubscription({ url: `${target.url}/${n}`, patterns: [pattern] }, admin)
  }
  const topicsOf: Record<string, number[]> = {
    'desk.end': [0, 1],
    'desk.a.b.end': [0],
    'desk.a': [1],
    'desk.a.b': [],
    'too.many.words': [2],
    any: [3],
    'any.a.b': [3],
    deskxend: [],
  }
  for (const topic of Object.keys(topicsOf)) {
    const body = JSON.stringify({ specversion: '1.0', id: topic, source: '/t', type: 't', data: {} })
    raw.channel.publish('warren.events', topic, Buffer.from(body))
  }
  const expected = Object.entries(topicsOf).flatMap(([topic, heard]) => heard.map((n) => `/${n} ${topic}`))
  await eventually('all come', 10_000, () => target.received.length === expected.length)
  const heard = target.received.map(({ path, body }) => `${path} ${(JSON.parse(body) as { id: string }).id}`)
  assert.deepEqual(heard.toSorted(), expected.toSorted())
})

it('keeps what waits while it is away', async () => {
  let up = false
  const { received, say, log } = await subscribed(() => ({ status: up ? 200 : 500 }))
  await say('before')
  await eventually('it was tried', 5_000, () => received.length > 0)
  await stop()
  await say('meanwhile')
  up = true
  await start()
  await eventually('both come', 10_000, () => received.length >= 3)
  await settled(log, 'delivered')
  assert.equal((await log()).length, 2)
})

it('hands back what it cannot finish when it stops', async () => {
  const { opened, open } = gate()
  const { target, say, log } = await subscribed(() => ({ status: 200, after: opened }))
  await say('1')
  await eventually('it is under way', 5_000, () => target.open.now === 1)
  await stop()
  open()
  await start()
  const [delivery] = await settled(log, 'delivered')
  assert.deepEqual([delivery?.attempts, target.received.length], [1, 2])
  assert.equal(new Set(target.received.map(({ headers }) => headers['webhook-id'])).size, 1)
})

it('lists in pages, newest first', async () => {
  const { id, say, log } = await subscribed()
  for (const n of ['1', '2', '3']) await say(n)
  await eventually('they are there', 5_000, async () => (await settled(log, 'delivered')).length === 3)
  const first = await api.listDeliveries({ subscriptionId: id, limit: 2 }, admin)
  assert.equal(first.deliveries.length, 2)
  const second = await api.listDeliveries({ subscriptionId: id, limit: 2, after: first.next as string }, admin)
  assert.equal(second.next, null)
  assert.deepEqual([...first.deliveries, ...second.deliveries], await log())
})
