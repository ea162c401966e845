import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AttemptRow, EventRow, Facts, JobRow } from './facts.ts'
import type { Entry } from './journal.ts'
import { balance } from './ledger.ts'
import { planFaults, services } from './plan.ts'
import { createRandom } from './random.ts'
import { reassignments, recoveries } from './recovery.ts'

// A ledger that finds nothing proves nothing: each rule sees the fault that it is there for.

const at = new Date(0)
const results = '{"text":"a"}'
const job: JobRow = {
  id: 'J',
  processId: 'say',
  mode: 'async',
  state: 'successful',
  desired: 'run',
  attempt: 2,
  executorId: 'X',
  token: 'a',
  steps: null,
  results,
  code: null,
}
const event = (seq: number, name: string, state: JobRow['state'], attempt: number): EventRow => {
  return { seq: String(seq), jobId: 'J', event: name, state, attempt, writer: 'X', at }
}
const events = [
  event(1, 'jobAccepted', 'queued', 0),
  event(2, 'jobStarted', 'running', 1),
  event(3, 'jobRequeued', 'queued', 1),
  event(4, 'jobStarted', 'running', 2),
  event(5, 'jobSuccessful', 'successful', 2),
]
const lost: AttemptRow = { jobId: 'J', attempt: 1, executorId: 'Y', outcome: 'lost', endedAt: at }
const entry = (part: Partial<Entry>): Entry => ({
  n: 0,
  at: 0,
  ms: 1,
  actor: 'user',
  op: 'status',
  jobId: 'J',
  ...part,
})
const submitted = entry({ op: 'submit', token: 'a', status: 201, state: 'queued' })
const told = events.map(({ seq, jobId, event }) => ({ id: seq, jobId, event }))
const hook = { id: 'm1', eventId: '5', jobId: 'J', event: 'successful', taken: true }
const good: Facts = {
  entries: [submitted, entry({ state: 'running', status: 200 }), entry({ op: 'results', status: 200, text: results })],
  jobs: [job],
  events,
  attempts: [lost],
  told: [...told, ...told],
  webhooks: [{ ...hook, taken: false }, hook],
  parked: 0,
  runnersKilled: 0,
}

const rules = (part: Partial<Facts>): string[] => balance({ ...good, ...part }).map(({ rule }) => rule)
const alsoAsked = (...more: Partial<Entry>[]): Partial<Facts> => ({ entries: [...good.entries, ...more.map(entry)] })
const dismissed = { op: 'dismiss', status: 200, at: 5 } as const

it('books that balance have no violations: messages and tries of webhooks may come twice', () => {
  assert.deepEqual(balance(good), [])
})

describe('a violation is', () => {
  const cases: [what: string, facts: Partial<Facts>, rules: string[]][] = [
    ['an accepted job that is not there', { jobs: [], events: [], told: [], webhooks: [] }, ['lost']],
    ['a job that is not there for a reader', alsoAsked({ status: 404, code: 'NO_SUCH_JOB' }), ['lost']],
    ['a job that does not end', { jobs: [{ ...job, state: 'running', results: null }] }, ['stuck', 'changed']],
    ['a request that became two jobs', { jobs: [job, { ...job, id: 'K', attempt: 0 }] }, ['duplicated', 'end']],
    [
      'a key with two jobs',
      alsoAsked({ op: 'submit', key: 'k', status: 201 }, { op: 'submit', key: 'k', status: 201, jobId: 'K' }),
      ['key'],
    ],
    [
      'results that nobody stored',
      alsoAsked({ op: 'run', token: 'a', status: 200, text: '{"text":"b"}' }),
      ['results'],
    ],
    ['the results of somebody else', alsoAsked({ op: 'run', token: 'b', status: 200, text: results }), ['results']],
    ['results that changed', alsoAsked({ op: 'results', status: 200, text: '{"text":"b"}' }), ['changed']],
    ['a final state that changed', alsoAsked({ status: 200, state: 'failed' }), ['changed']],
    ['a dismissed job with results', alsoAsked({ ...dismissed, state: 'dismissed' }), ['undead']],
    ['wrong results', { jobs: [{ ...job, steps: 3 }] }, ['results']],
    ['success without results', { jobs: [{ ...job, results: null }] }, ['results', 'changed']],
    [
      'an end that is told twice',
      { events: [...events, event(6, 'jobSuccessful', 'successful', 2)] },
      ['walk', 'end', 'outbox', 'webhook'],
    ],
    ['an end that is not told', { events: events.slice(0, 4), told: told.slice(0, 4) }, ['end']],
    ['a step that is in no table', { events: events.toSpliced(2, 1), told: told.toSpliced(2, 1) }, ['walk']],
    ['an attempt that is begun twice', { events: events.with(3, event(4, 'jobStarted', 'running', 1)) }, ['walk']],
    ['an attempt without a row', { attempts: [] }, ['attempts']],
    ['an attempt that is still open', { attempts: [lost, { ...lost, attempt: 3 }] }, ['attempts']],
    [
      'two attempts that are seen to go on',
      alsoAsked({
        op: 'attempts',
        status: 200,
        text: '{"attempts":[{"attempt":1,"outcome":"running"},{"attempt":2,"outcome":"running"}]}',
      }),
      ['attempts'],
    ],
    ['an event that nobody was told', { told: told.toSpliced(1, 1) }, ['outbox']],
    [
      'an event that was never committed',
      { told: [...told, { id: '9', jobId: 'J', event: 'jobFailed' }] },
      ['invented'],
    ],
    ['an end without a webhook', { webhooks: [{ ...hook, taken: false }] }, ['webhook']],
    ['an event in two webhooks', { webhooks: [hook, { ...hook, id: 'm2' }] }, ['webhook']],
    ['an answer of ours that says INTERNAL', alsoAsked({ status: 500, code: 'INTERNAL' }), ['internal']],
    [
      'a crash that no fault explains',
      {
        jobs: [{ ...job, state: 'failed', results: null, code: 'PROCESS_CRASHED' }],
        entries: [submitted],
        events: events.with(4, event(5, 'jobFailed', 'failed', 2)),
        told: told.with(4, { id: '5', jobId: 'J', event: 'jobFailed' }),
      },
      ['failed'],
    ],
  ]
  for (const [what, facts, expected] of cases) it(what, () => assert.deepEqual(rules(facts), expected))
})

it('a job that was removed is not lost, and may come again under its key', () => {
  assert.deepEqual(rules({ ...alsoAsked(dismissed), jobs: [] }), [])
  const again = events.map((one) => ({ ...one, seq: String(Number(one.seq) + 10) }))
  const all = [...events, ...again]
  assert.deepEqual(
    rules({
      ...alsoAsked(dismissed),
      events: all,
      told: all.map(({ seq, jobId, event }) => ({ id: seq, jobId, event })),
      webhooks: [hook, { ...hook, id: 'm2', eventId: '15' }],
    }),
    [],
  )
})

it('a seed gives the same plan again, another one another', () => {
  const plan = (seed: number) => planFaults(createRandom(seed), { count: 60, seconds: 120, present: services })
  assert.deepEqual(plan(1), plan(1))
  assert.notDeepEqual(plan(1), plan(2))
  const kinds = new Set(plan(1).map(({ kind }) => kind))
  assert.equal(kinds.size, 11, [...kinds].join(', '))
})

it('recovery counts from the end of a fault to the next answer', () => {
  const [fault] = planFaults(createRandom(1), { count: 1, seconds: 1, present: services, only: 'kill broker' })
  assert.ok(fault)
  const served = [900, 1_250, 5_000].map((at) => entry({ op: 'run', status: 200, at, ms: 50 }))
  const [first, second] = [
    { fault, beganAt: 500, endedAt: 1_000 },
    { fault, beganAt: 1_100, endedAt: 4_000 },
  ]
  assert.deepEqual(recoveries([first, second], served), [{ kind: 'kill broker', all: [300, 1_050], alone: [1_050] }])
})

it('what a killed executor lost is what it had at its kill, not what was taken from it before', () => {
  const lost = (jobId: string, endedAt: number): AttemptRow => {
    return { jobId, attempt: 1, executorId: 'X', outcome: 'lost', endedAt: new Date(endedAt) }
  }
  const again = (jobId: string, started: number): EventRow => {
    return { ...event(1, 'jobStarted', 'running', 2), jobId, at: new Date(started) }
  }
  const attempts = [lost('J', 30_000), lost('K', 9_000)]
  const started = [again('J', 30_400), again('K', 9_500)]
  assert.deepEqual(reassignments([{ instance: 'X', at: 10_000 }], attempts, started), [20_400])
})
