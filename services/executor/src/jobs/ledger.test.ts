import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newJob, openStore, type Store } from '../support/store.ts'
import { findAttempts } from './attempts.ts'
import type { Ledger } from './ledger.ts'
import { readEvents } from './read-events.ts'
import { findJob } from './read.ts'
import type { ClaimedJob } from './sql/claim-jobs.ts'

const offers = new Map([['echo', '1.0.0']])

async function claim(ledger: Ledger, limit = 1, mostOfOwner: number | null = null): Promise<ClaimedJob[]> {
  return [...(await ledger.claim({ offers, limit, executorId: 'x1', leaseMs: 20_000, mostOfOwner }))]
}

async function state(store: Store, id: string): Promise<string | undefined> {
  return (await findJob(store.db, id))?.state
}

test('a job whose id is there already stays as it was, and tells nothing', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  const [first, again, other] = await Promise.all([
    ledger.insert(newJob({ id: 'a' })),
    ledger.insert(newJob({ id: 'a', request: '{"processId":"echo","inputs":{"text":"other"}}' })),
    ledger.insert(newJob({ id: 'b' })),
  ])
  assert.ok(first)
  assert.equal(again, null)
  assert.ok(other)
  assert.equal(await ledger.insert(newJob({ id: 'a' })), null)
  assert.deepEqual(
    store.written.map(({ jobId }) => jobId),
    ['a', 'b'],
  )
})

test('events are told in the order of their numbers, whichever statements are answered in one moment', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  const jobs = Array.from({ length: 300 }, (_, n) => `job${n}`)
  const sent = jobs.map(async (id, n) => {
    await ledger.insert(newJob({ id }))
    // the same id again, every now and then: that statement is sent twice
    const again = n % 50 === 0 ? ledger.insert(newJob({ id })) : undefined
    await Promise.all([again, ledger.move({ id, move: n % 2 ? 'hold' : 'dismiss' }), claim(ledger)])
  })
  await Promise.all(sent)
  const numbers = store.written.map(({ seq }) => Number(seq)).filter(Boolean)
  assert.ok(numbers.length >= 600)
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
})

test('owners take turns, whoever came first with however many jobs', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  for (let n = 0; n < 20; n++) await ledger.insert(newJob({ id: `ann${n}`, owner: 'ann' }))
  await ledger.insert(newJob({ id: 'bob0', owner: 'bob' }))
  await ledger.insert(newJob({ id: 'cid0', owner: 'cid' }))
  await ledger.insert(newJob({ id: 'bob1', owner: 'bob' }))
  const order: string[] = []
  for (let n = 0; n < 6; n++) order.push(...(await claim(ledger)).map(({ jobId }) => jobId))
  assert.deepEqual(order, ['ann0', 'bob0', 'cid0', 'ann1', 'bob1', 'ann2'])
})

test('priority comes before fairness, and an owner has no more jobs running than allowed', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  for (let n = 0; n < 4; n++) await ledger.insert(newJob({ id: `ann${n}`, owner: 'ann', priority: n === 3 ? 5 : 0 }))
  await ledger.insert(newJob({ id: 'bob0', owner: 'bob' }))
  const taken = await claim(ledger, 10, 2)
  assert.deepEqual(taken.map(({ jobId }) => jobId).toSorted(), ['ann0', 'ann3', 'bob0'])
  assert.deepEqual(await claim(ledger, 10, 2), [])
  await ledger.move({ id: 'ann3', attempt: 1, executorId: 'x1', move: 'stored', results: '{}' })
  assert.deepEqual(
    (await claim(ledger, 10, 2)).map(({ jobId }) => jobId),
    ['ann1'],
  )
})

test('a held job is not claimed until it is released', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  await ledger.insert(newJob({ id: 'a' }))
  assert.equal(await ledger.move({ id: 'a', move: 'hold' }), true)
  assert.equal((await findJob(store.db, 'a'))?.pausedAs, 'hold')
  assert.deepEqual(await claim(ledger), [])
  assert.equal(await ledger.move({ id: 'a', move: 'resume' }), false, 'nobody holds it: there is no run to resume')
  assert.equal(await ledger.move({ id: 'a', move: 'release' }), true)
  assert.equal((await claim(ledger)).length, 1)
})

test('a suspended run keeps its lease; its result still counts when it was on the way', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  await ledger.insert(newJob({ id: 'a' }))
  await claim(ledger)
  assert.equal(await ledger.move({ id: 'a', attempt: 1, executorId: 'x1', move: 'suspend' }), true)
  assert.equal(await ledger.move({ id: 'a', move: 'release' }), false, 'somebody holds it')
  assert.equal(await ledger.move({ id: 'a', attempt: 1, executorId: 'x1', move: 'stored', results: '{}' }), true)
  assert.equal(await state(store, 'a'), 'successful')
})

test('a checkpoint gives the slot up, and the next attempt starts from the same text', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  await ledger.insert(newJob({ id: 'a' }))
  await claim(ledger)
  const checkpoint = '{"u":[1.0,0.30000000000000004],"step":12}'
  assert.equal(await ledger.move({ id: 'a', attempt: 1, executorId: 'x1', move: 'checkpoint', checkpoint }), true)
  const paused = await findJob(store.db, 'a')
  assert.deepEqual([paused?.state, paused?.pausedAs, paused?.executorId], ['paused', 'checkpoint', null])
  await ledger.move({ id: 'a', move: 'release' })
  const [again] = await claim(store.ledger('x2'))
  assert.equal(again?.checkpoint, checkpoint)
  assert.deepEqual([again?.attempt, again?.failures], [2, 0])
})

test('a retry waits for its time, keeps the problem of each attempt, and zombies write nothing', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  await ledger.insert(newJob({ id: 'a' }))
  await claim(ledger)
  const problem = '{"type":"t","title":"boom","status":500,"code":"PROCESS_CRASHED"}'
  const held = { id: 'a', attempt: 1, executorId: 'x1' } as const
  assert.equal(await ledger.move({ ...held, move: 'retry', problem, runAfterMs: 60_000 }), true)
  assert.deepEqual(await claim(ledger), [], 'its time has not come')
  assert.match((await findJob(store.db, 'a'))?.waitingFor ?? '', /next attempt/)
  await store.sql`update executor.jobs set run_after = now()`
  const [again] = await claim(ledger)
  assert.deepEqual([again?.attempt, again?.failures], [2, 1])
  assert.equal(await ledger.move({ ...held, move: 'stored', results: '{}' }), false, 'a zombie of attempt 1')
  await ledger.move({ ...held, attempt: 2, move: 'stored', results: '{}' })
  const job = await findJob(store.db, 'a')
  assert.ok(job)
  assert.equal(job.problem, null)
  const attempts = await findAttempts(store.db, job)
  assert.deepEqual(
    attempts.map(({ attempt, outcome, executorId, problem }) => [attempt, outcome, executorId, problem?.code]),
    [
      [1, 'retried', 'x1', 'PROCESS_CRASHED'],
      [2, 'successful', 'x1', undefined],
    ],
  )
  for (const { startedAt, endedAt } of attempts) assert.ok(startedAt && endedAt && startedAt <= endedAt)
})

test('progress that says nothing new tells nothing', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  await ledger.insert(newJob({ id: 'a' }))
  await claim(ledger)
  const report = { id: 'a', attempt: 1, percent: 40, message: 'step 4' }
  await ledger.progress([report])
  await ledger.progress([report, { ...report, attempt: 7, percent: 90 }])
  await ledger.progress([{ ...report, percent: 50, message: null }])
  assert.deepEqual(
    store.written.filter(({ event }) => event === 'jobProgressed').map(({ data }) => data),
    [{ progress: 40, message: 'step 4' }, { progress: 50 }],
  )
})

test('events are read in an order to which nothing is added before what was read', async () => {
  await using store = await openStore()
  const [one, two] = [store.ledger('x1'), store.ledger('x2')]
  await one.insert(newJob({ id: 'a' }))
  const before = await readEvents(store.db, { limit: 10 })
  assert.equal(before.events.length, 1)
  // a transaction that has drawn its number and is not committed holds back those that were committed after it
  await store.sql.begin(async (slow) => {
    await slow`
insert into executor.events (job_id, process_id, owner, event, state, attempt, at, writer)
values ('slow', 'echo', 'ann', 'jobAccepted', 'queued', 0, now(), 'x3')`
    await two.insert(newJob({ id: 'b' }))
    const during = await readEvents(store.db, { after: before.now, limit: 10 })
    assert.deepEqual(during.events, [])
  })
  const after = await readEvents(store.db, { after: before.now, limit: 10 })
  assert.deepEqual(
    after.events.map(({ data }) => data.jobId),
    ['slow', 'b'],
  )
  const page = await readEvents(store.db, { limit: 2 })
  const rest = await readEvents(store.db, { after: page.now, limit: 2 })
  assert.deepEqual([...page.events, ...rest.events].map(({ data }) => data.jobId).toSorted(), ['a', 'b', 'slow'])
})
