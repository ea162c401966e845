import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isFinal, type JobState } from '@warren/contracts'
import {
  array,
  assert as holds,
  constant,
  constantFrom,
  nat,
  oneof,
  property,
  record,
  type Arbitrary,
} from 'fast-check'
import {
  accepted,
  applied,
  claimed,
  objection,
  reaped,
  wanted,
  withLease,
  type Claimed,
  type Model,
} from '../support/job-model.ts'
import { transitions, type JobEvent, type Move } from './transitions.ts'

// The table of transitions as a pure model: whatever order things happen in, a job ends once, and is never lost.

const executors = ['one', 'two'] as const
/** What an executor may write about an attempt that it began, however long ago that was. */
const writes = [
  'ready',
  'store',
  'suspend',
  'resume',
  'checkpoint',
  'stored',
  'fail',
  'retry',
  'handBack',
  'dismiss',
] as const
const users = ['start', 'pause', 'resume', 'stop'] as const

type Step =
  | { readonly does: 'claim'; readonly by: (typeof executors)[number]; readonly move: 'claim' | 'claimStaging' }
  | { readonly does: 'renew' }
  | { readonly does: 'expire' }
  | { readonly does: 'reap' }
  | { readonly does: 'ask'; readonly what: (typeof users)[number] }
  /** `which`: of the attempts that were begun, counted from the last one; others than the last are zombies */
  | { readonly does: 'write'; readonly move: (typeof writes)[number]; readonly which: number }

const anyStep: Arbitrary<Step> = oneof(
  {
    weight: 3,
    arbitrary: record({
      does: constant('claim' as const),
      by: constantFrom(...executors),
      move: constantFrom('claim' as const, 'claimStaging' as const),
    }),
  },
  { weight: 2, arbitrary: record({ does: constantFrom('renew' as const, 'expire' as const, 'reap' as const) }) },
  { weight: 3, arbitrary: record({ does: constant('ask' as const), what: constantFrom(...users) }) },
  {
    weight: 5,
    arbitrary: record({ does: constant('write' as const), move: constantFrom(...writes), which: nat(3) }),
  },
)

const anyLife = record({
  first: constantFrom('created' as const, 'queued' as const),
  steps: array(anyStep, { maxLength: 60, size: 'max' }),
})

interface World {
  readonly model: Model
  /** Every attempt that was ever begun: who began it does not forget */
  readonly begun: readonly Claimed[]
}

function after({ model, begun }: World, step: Step): World {
  if (step.does === 'claim') {
    const next = claimed(model, step.by, step.move)
    return {
      model: next,
      begun: next === model ? begun : [...begun, { attempt: next.job.attempt, executorId: step.by }],
    }
  }
  if (step.does === 'renew') return { model: model.job.lease === 'valid' ? withLease(model, 'valid') : model, begun }
  if (step.does === 'expire') return { model: withLease(model, 'expired'), begun }
  if (step.does === 'reap') return { model: reaped(model), begun }
  if (step.does === 'ask') return { model: asked(model, step.what), begun }
  const by = begun.at(-1 - step.which)
  return { model: by ? applied(model, step.move, by) : model, begun }
}

/** As `control.ts` does it: at once when nobody holds the job, else as a wish to who does. */
function asked(model: Model, what: (typeof users)[number]): Model {
  if (what === 'start') return applied(model, 'start')
  if (what === 'pause') return firstOf(model, 'hold') ?? wanted(model, 'pause')
  if (what === 'resume') return firstOf(model, 'release') ?? wanted(model, 'run')
  return firstOf(model, 'dismissUnclaimed') ?? wanted(model, 'stop')
}

function firstOf(model: Model, move: Move): Model | undefined {
  const next = applied(model, move)
  return next === model ? undefined : next
}

function live({ first, steps }: { first: 'created' | 'queued'; steps: readonly Step[] }): World[] {
  const worlds: World[] = [{ model: accepted(first), begun: [] }]
  for (const step of steps) worlds.push(after(worlds.at(-1) as World, step))
  return worlds
}

const runs = { numRuns: 2_000 }
const moves: readonly { from: readonly JobState[]; to: JobState; event?: JobEvent }[] = Object.values(transitions)

it('every step leaves the job in order: one end at most, the last thing told; attempts consecutive; held or claimable', () => {
  holds(
    property(anyLife, (life) => {
      for (const { model } of live(life)) assert.equal(objection(model), undefined)
    }),
    runs,
  )
})

it('an end is never left, whoever writes', () => {
  holds(
    property(anyLife, (life) => {
      const worlds = live(life)
      const end = worlds.findIndex(({ model }) => isFinal(model.job.state))
      if (end >= 0) for (const { model } of worlds.slice(end)) assert.deepEqual(model, worlds[end]?.model)
    }),
    runs,
  )
})

it('one attempt at a time can write: of all that were ever begun, at most the last one, and only while it is held', () => {
  holds(
    property(anyLife, (life) => {
      for (const { model, begun } of live(life)) {
        const able = begun.filter((by) => writes.some((move) => applied(model, move, by) !== model))
        assert.ok(able.length <= 1, JSON.stringify(able))
        if (able.length === 1) {
          assert.deepEqual(able[0], { attempt: model.job.attempt, executorId: model.job.executorId })
          assert.notEqual(model.job.lease, null)
        }
      }
    }),
    runs,
  )
})

it('what somebody holds is not taken from under him: a wish only asks, and the reaper waits for the lease', () => {
  holds(
    property(anyLife, constantFrom(...users), (life, what) => {
      const { model } = live(life).at(-1) as World
      if (model.job.lease !== null) assert.equal(asked(model, what).job.state, model.job.state)
      if (model.job.lease === 'valid') assert.equal(reaped(model), model)
    }),
    runs,
  )
})

it('a second write of the same thing changes nothing', () => {
  holds(
    property(anyLife, constantFrom(...writes), (life, move) => {
      const { model, begun } = live(life).at(-1) as World
      const by = begun.at(-1)
      if (!by) return
      const once = applied(model, move, by)
      assert.equal(applied(once, move, by), once)
    }),
    runs,
  )
})

it('whatever happened, a job that somebody lets go on comes to its end', () => {
  holds(
    property(anyLife, (life) => {
      let { model } = live(life).at(-1) as World
      for (let round = 0; round < 12 && !isFinal(model.job.state); round++) {
        // its executor is gone, whoever paused it resumes it, and another executor runs what it can claim
        model = reaped(withLease(asked(asked(model, 'start'), 'resume'), 'expired'))
        const held = claimed(model, 'healthy')
        if (held !== model) model = applied(held, 'stored', { attempt: held.job.attempt, executorId: 'healthy' })
      }
      assert.ok(isFinal(model.job.state), JSON.stringify(model))
    }),
    runs,
  )
})

it('what is told of a job is a walk through the table', () => {
  holds(
    property(anyLife, (life) => {
      const { events } = (live(life).at(-1) as World).model
      for (const [n, { event, state }] of events.entries()) {
        const before = events[n - 1]
        if (!before) continue
        const known = moves.some((move) => {
          return move.event === event && move.to === state && move.from.includes(before.state)
        })
        assert.ok(known, `${before.event} ${before.state} → ${event} ${state}`)
      }
    }),
    runs,
  )
})
