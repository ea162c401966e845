import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from '@warren/database'
import type { Sql } from 'postgres'
import { newJob, openStore } from '../../support/store.ts'
import { byIndex } from '../by-index.ts'
import { findExpired, findForgotten, findOverdue, findUnwanted } from './overlooked-jobs.ts'

test('jobs that wait are found by what is wrong with them, and others are not', async () => {
  await using store = await openStore()
  const { sql } = store
  const ledger = store.ledger('x1')
  const soon = Date.now() + 60_000
  const late = Date.now() - 1_000
  await Promise.all([
    ledger.insert(newJob({ id: 'waits', deadline: soon })),
    ledger.insert(newJob({ id: 'late', deadline: late })),
    ledger.insert(newJob({ id: 'late.created', state: 'created', deadline: late })),
    ledger.insert(newJob({ id: 'late.over', state: 'successful', deadline: late })),
    ledger.insert(newJob({ id: 'late.held', state: 'running', attempt: 1, lease_ms: 60_000, deadline: late })),
    ledger.insert(newJob({ id: 'lost', state: 'running', attempt: 1, lease_ms: -1 })),
    ledger.insert(newJob({ id: 'to.rest', process_id: 'other' })),
    ledger.insert(newJob({ id: 'to.go.on', process_id: 'other' })),
    ledger.insert(newJob({ id: 'rests', process_id: 'other' })),
    ledger.insert(newJob({ id: 'retries', process_id: 'third' })),
  ])
  await ledger.move({ id: 'to.go.on', move: 'hold' })
  await ledger.move({ id: 'rests', move: 'hold' })
  await sql`update executor.jobs set desired = 'pause' where id in ('to.rest', 'rests')`
  await sql`update executor.jobs set desired = 'run' where id = 'to.go.on'`
  await sql`update executor.jobs set run_after = now() + interval '1 hour' where id = 'retries'`
  assert.deepEqual(await ids(findExpired(sql)), ['lost'])
  assert.deepEqual(await ids(findOverdue(sql)), ['late', 'late.created'])
  assert.deepEqual(await ids(findUnwanted(sql)), ['to.go.on', 'to.rest'])
  assert.deepEqual(await findForgotten(sql, 60_000), [])
  await sql`update executor.jobs set updated_at = now() - interval '1 hour'`
  assert.deepEqual(await findForgotten(sql, 60_000), ['echo', 'other'])
})

test('what is overlooked is looked for in a few rows, however many jobs wait', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  const deadline = Date.now() + 60_000
  const jobs = Array.from({ length: 2_000 }, (_, n) =>
    newJob({ id: `job${n}`, owner: `owner${n % 7}`, process_id: `process${n % 3}`, deadline }),
  )
  await Promise.all(jobs.map((job) => ledger.insert(job)))
  await store.sql`update executor.jobs set updated_at = now() - interval '1 hour'`
  const sql = connect(store.databaseUrl, 'executor', { max: 1, connection: byIndex })
  const looks = { findExpired, findOverdue, findUnwanted, findForgotten: (of: Sql) => findForgotten(of, 1_000) }
  for (const [name, look] of Object.entries(looks)) {
    // counted by transaction
    const read = await sql.begin(async (tx) => {
      await look(tx as unknown as Sql)
      const [row] = await tx<{ rows: number }[]>`
select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = 'jobs'`
      return row?.rows
    })
    assert.ok(read !== undefined && read < 20, `${name} read ${read} rows`)
  }
  await sql.end()
})

async function ids(found: Promise<readonly { id: string }[]>): Promise<string[]> {
  return (await found).map(({ id }) => id).toSorted()
}
