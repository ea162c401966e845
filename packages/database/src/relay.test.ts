import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { OutboxEvent } from './outbox.ts'
import { openRelay } from './relay.ts'
import { openSample, type Sample } from './support/sample.ts'

async function write({ database: { sql } }: Sample, count: number): Promise<void> {
  await sql`insert into outbox (event, data) select 'counted', json_build_object('at', at)
            from generate_series(1, ${count}::int) at order by at`
}

async function left({ database: { sql } }: Sample): Promise<number> {
  return (await sql`select from outbox`).length
}

test('relays that share an outbox publish each event once, in order, and delete it', async () => {
  await using sample = await openSample()
  const published: OutboxEvent[] = []
  const publish = async (event: OutboxEvent): Promise<void> => void published.push(event)
  const relays = [1, 2, 3].map(() => openRelay(sample.database, sample.host, publish))
  await write(sample, 250)
  for (const relay of relays) relay.wake()
  while ((await left(sample)) > 0) await delay(10)
  assert.deepEqual(
    published.map(({ data }) => (data as { at: number }).at),
    Array.from({ length: 250 }, (_, at) => at + 1),
  )
  assert.equal(new Set(published.map(({ id }) => id)).size, 250)
  assert.ok(published.every(({ event, time }) => event === 'counted' && !Number.isNaN(Date.parse(time))))
})

test('what was not confirmed is published again, under the same id', async () => {
  await using sample = await openSample()
  const tried: OutboxEvent[] = []
  let up = false
  await write(sample, 3)
  const relay = openRelay(sample.database, sample.host, async (event) => {
    tried.push(event)
    if (!up && (event.data as { at: number }).at === 2) throw new Error('no broker')
  })
  while (tried.length < 2 || (await left(sample)) > 2) await delay(10)
  up = true
  relay.wake()
  while ((await left(sample)) > 0) await delay(10)
  assert.deepEqual(
    tried.map(({ data }) => (data as { at: number }).at),
    [1, 2, 2, 3],
  )
  assert.equal(tried[1]?.id, tried[2]?.id)
})

test('what was written before the stop is published before the stop', async () => {
  await using sample = await openSample()
  let published = 0
  openRelay(sample.database, sample.host, async () => void published++)
  await delay(100)
  await write(sample, 5)
  await sample.host.stop()
  assert.equal(published, 5)
})
