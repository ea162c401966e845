import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { announcement, describe, openStore, type Store } from '../support/store.ts'
import { announce } from './announce.ts'
import { getProcess } from './getProcess.ts'
import { listExecutors } from './listExecutors.ts'
import { listProcesses } from './listProcesses.ts'
import { renew } from './renew.ts'
import { withdraw } from './withdraw.ts'

let store: Store
before(async () => (store = await openStore()))
after(() => store[Symbol.asyncDispose]())

const lease = (executorId: string) => ({ executorId, leaseMs: 20_000 })

async function expire(id: string, ago: string): Promise<void> {
  await store.sql`update executors set lease_until = now() - ${ago}::interval where id = ${id}`
}

async function listed(): Promise<string[]> {
  return (await store.call(listExecutors, {})).executors.map(({ id }) => id)
}

test('an expired executor offers nothing, and its processes stay described', async () => {
  await store.call(announce, announcement('slow', [describe('echo')]))
  await expire('slow', '1 second')
  assert.deepEqual(await listed(), [])
  assert.equal((await store.call(getProcess, { id: 'echo' })).offers, 0)
  assert.equal((await store.call(listProcesses, {})).processes.length, 1)
  assert.deepEqual(await store.call(renew, lease('slow')), { known: true })
  assert.deepEqual(await listed(), ['slow'])
  assert.equal((await store.call(getProcess, { id: 'echo' })).offers, 1)
})

test('one that was gone for long is forgotten, and announces again', async () => {
  await store.call(announce, announcement('gone', [describe('echo')]))
  await expire('gone', '1 hour')
  await store.call(renew, lease('slow'))
  assert.equal((await store.sql`select from offers where executor_id = 'gone'`).length, 0)
  assert.deepEqual(await store.call(renew, lease('gone')), { known: false })
})

test('one that withdraws is gone at once, also when it says so twice', async () => {
  await store.call(announce, announcement('leaving', [describe('echo')]))
  assert.deepEqual(await store.call(withdraw, { executorId: 'leaving' }), {})
  assert.deepEqual(await store.call(withdraw, { executorId: 'leaving' }), {})
  assert.ok(!(await listed()).includes('leaving'))
  assert.deepEqual(await store.call(renew, lease('leaving')), { known: false })
})

test('the lease is as long as it was asked for', async () => {
  await store.call(announce, { ...announcement('exact', []), leaseMs: 90_000 })
  const [row] = await store.sql`
    select extract(epoch from lease_until - started_at)::float8 as seconds from executors where id = 'exact'`
  assert.equal(row?.['seconds'], 90)
})
