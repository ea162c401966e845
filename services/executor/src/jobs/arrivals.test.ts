import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newJob, openStore } from '../support/store.ts'
import { createArrivals, type ArrivalsOptions } from './arrivals.ts'
import type { Ledger } from './ledger.ts'
import { findJob } from './read.ts'
import type { ClaimedJob } from './sql/claim-jobs.ts'

/** The way into a ledger of an executor that has nothing to do, unless told otherwise. */
function arrivalsAt(ledger: Pick<Ledger, 'insert'>, part: Partial<ArrivalsOptions> = {}) {
  const started: ClaimedJob[] = []
  let freed = 0
  const arrivals = createArrivals({
    ledger,
    claimer: { isExhausted: () => true, roomFreed: () => freed++ },
    executorId: 'x1',
    mostOfOwner: null,
    offers: () => new Map([['echo', '1.0.0']]),
    staging: () => [],
    hasRoomFor: () => true,
    start: (job) => started.push(job),
    ...part,
  })
  return { arrivals, started, freed: () => freed }
}

test('a job that would be the next one is claimed where it is stored', async () => {
  await using store = await openStore()
  const { arrivals, started } = arrivalsAt(store.ledger('x1'))
  const deadline = Date.now() + 60_000
  const storing = arrivals.store(newJob({ id: 'a', deadline }), false)
  assert.deepEqual(arrivals.processIds(), ['echo'], 'its room is taken while it is stored')
  assert.ok(await storing)
  assert.deepEqual(arrivals.processIds(), [])
  const job = await findJob(store.db, 'a')
  assert.deepEqual(
    [job?.state, job?.attempt, job?.executorId, job?.processVersion, job?.startedAt],
    ['running', 1, 'x1', '1.0.0', job?.createdAt],
  )
  assert.deepEqual(
    store.written.map(({ event, state, attempt, isClaimed }) => [event, state, attempt, isClaimed]),
    [
      ['jobAccepted', 'queued', 0, true],
      ['jobStarted', 'running', 1, undefined],
    ],
  )
  assert.deepEqual(
    started.map(({ jobId, attempt, state, request, deadlineAt }) => [jobId, attempt, state, request, deadlineAt]),
    [['a', 1, 'running', '{"processId":"echo"}', new Date(deadline)]],
  )
  // whoever was given it can end it, and nobody else can claim it
  const ledger = store.ledger('x2')
  const offers = new Map([['echo', '1.0.0']])
  const others = await ledger.claim({ offers, limit: 5, executorId: 'x2', leaseMs: 20_000, mostOfOwner: null })
  assert.equal(others.length, 0)
  assert.equal(await ledger.move({ id: 'a', attempt: 1, executorId: 'x1', move: 'stored', results: '{}' }), true)
})

test('jobs of one statement are told each as accepted and started, or as accepted only', async () => {
  await using store = await openStore()
  const ledger = store.ledger('x1')
  const { arrivals } = arrivalsAt(ledger)
  await Promise.all([
    arrivals.store(newJob({ id: 'a' }), false),
    ledger.insert(newJob({ id: 'q', series: 's' })),
    arrivals.store(newJob({ id: 'b' }), false),
    ledger.insert(newJob({ id: 's', mode: 'sync', state: 'successful', attempt: 1, results: '{}' })),
  ])
  const told = (id: string) => store.written.filter(({ jobId }) => jobId === id).map(({ event }) => event)
  for (const id of ['a', 'b']) assert.deepEqual(told(id), ['jobAccepted', 'jobStarted'])
  assert.deepEqual([told('q'), told('s')], [['jobAccepted'], ['jobSuccessful']])
})

test('what is sent again starts nothing, and what could not be stored gives its room back', async () => {
  await using store = await openStore()
  const { arrivals, started, freed } = arrivalsAt(store.ledger('x1'))
  const [first, again] = await Promise.all([
    arrivals.store(newJob({ id: 'a' }), false),
    arrivals.store(newJob({ id: 'a' }), false),
  ])
  assert.deepEqual([first === null, again === null, started.length, freed()], [false, true, 1, 1])
  assert.equal(await arrivals.store(newJob({ id: 'a' }), false), null)
  assert.deepEqual([started.length, freed(), arrivals.processIds()], [1, 2, []])
  const down = arrivalsAt({ insert: () => Promise.reject(new Error('away')) })
  await assert.rejects(down.arrivals.store(newJob({ id: 'c' }), false), /away/)
  assert.deepEqual([down.started.length, down.freed(), down.arrivals.processIds()], [0, 1, []])
})

test('what a claim has to decide is left to claims', async () => {
  const stored: string[] = []
  const ledger: Pick<Ledger, 'insert'> = {
    insert: async ({ state }) => {
      stored.push(state)
      return null
    },
  }
  const queues = async (part: Partial<ArrivalsOptions>, job = newJob({ id: 'a' }), hasFiles = false) => {
    await arrivalsAt(ledger, part).arrivals.store(job, hasFiles)
    return stored.pop()
  }
  assert.equal(await queues({}), 'running')
  const claimer = { isExhausted: () => false, roomFreed: () => {} }
  const others: Partial<ArrivalsOptions>[] = [
    { claimer },
    { mostOfOwner: 3 },
    { offers: () => new Map() },
    { staging: () => ['echo'] },
    { hasRoomFor: () => false },
  ]
  for (const part of others) assert.equal(await queues(part), 'queued', Object.keys(part).join())
  assert.equal(await queues({}, newJob({ id: 'a' }), true), 'queued')
  assert.equal(await queues({}, newJob({ id: 'a', state: 'created' })), 'created')
})
