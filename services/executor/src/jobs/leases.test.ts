import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'node:test'
import { newJob, openStore } from '../support/store.ts'
import { createActiveRuns } from './active.ts'
import { keepLeases } from './leases.ts'

const service = {
  log: { warn: (fields: object, text: string) => assert.fail(`${text} ${JSON.stringify(fields)}`) },
} as unknown as Parameters<typeof keepLeases>[0]
const steering = { stop() {}, pause() {}, resume() {}, align() {}, extend() {} }
const relay = { safe: () => ({ xid: '7', seq: 3 }), reconcile: async () => {} }

test('leases are renewed of what is worked on, and a writer that was taken for gone comes back', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  for (const id of ['here', 'unanswered']) await ledger.insert(newJob({ id }))
  const offers = new Map([['echo', '1.0.0']])
  await ledger.claim({ offers, limit: 2, executorId: 'x1', leaseMs: 4_000, mostOfOwner: null })
  const active = createActiveRuns()
  active.begin('here', 1)
  let release = async (): Promise<void> => {}
  const host = { ...service, release: (_name: string, releaser: () => Promise<void>) => void (release = releaser) }
  keepLeases(host, { ask: (work) => work(store.sql), close: async () => {} }, 'x1', active, () => [], steering, relay)
  const left = (): Promise<{ id: string; left: number }[]> => store.sql<{ id: string; left: number }[]>`
select id, extract(epoch from lease_until - now())::float8 as left from executor.jobs order by id`
  for (let tries = 0; tries < 100 && ((await left())[0]?.left ?? 0) < 5; tries++) await wait(100)
  const [here, unanswered] = await left()
  assert.ok(here && here.left > 15, `${here?.left} s`)
  assert.ok(unanswered && unanswered.left < 4, 'a claim whose answer was lost runs out')
  const writers = await store.sql`select id, published_xid::text as xid, published_to from executor.writers`
  assert.deepEqual([...writers], [{ id: 'x1', xid: '7', published_to: '3' }])
  await release()
})
