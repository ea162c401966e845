import { isFinal, type JobState } from '@warren/contracts'
import { transitions, type JobEvent, type Move } from '../jobs/transitions.ts'

/** A job as its row has it, without what does not decide anything. */
export interface ModelJob {
  readonly state: JobState
  readonly desired: 'run' | 'pause' | 'stop'
  readonly attempt: number
  readonly failures: number
  /** Who holds it; null: nobody */
  readonly executorId: string | null
  /** null: nobody holds it */
  readonly lease: 'valid' | 'expired' | null
}

/** What a writer says of the job that it means. */
export interface Claimed {
  readonly attempt: number
  readonly executorId: string
}

export interface ModelEvent {
  readonly event: JobEvent
  readonly state: JobState
  readonly attempt: number
}

interface Rule {
  readonly from: readonly JobState[]
  readonly to: JobState
  readonly event?: JobEvent
  readonly held?: boolean
  readonly outcome?: string
}

/** What there is to know about one job, and what was written about it. */
export interface Model {
  readonly job: ModelJob
  readonly events: readonly ModelEvent[]
  /** Attempts that were followed by another one, with what became of them */
  readonly attempts: readonly { readonly attempt: number; readonly outcome: string }[]
}

const active: ReadonlySet<JobState> = new Set(['staging', 'running', 'paused', 'storing'])
const settled: Partial<Record<Move, ModelJob['desired']>> = {
  hold: 'pause',
  suspend: 'pause',
  checkpoint: 'pause',
  start: 'run',
  release: 'run',
  resume: 'run',
}

export function accepted(state: 'created' | 'queued'): Model {
  const event = state === 'created' ? 'jobCreated' : 'jobAccepted'
  return {
    job: { state, desired: 'run', attempt: 0, failures: 0, executorId: null, lease: null },
    events: [{ event, state, attempt: 0 }],
    attempts: [],
  }
}

/** The compare-and-set of `sql/move-jobs.ts`: the model afterwards, or the same one when the move was not made. */
export function applied(model: Model, move: Move, by?: Claimed): Model {
  const { from, to, event, held, outcome }: Rule = transitions[move]
  const { job } = model
  if (!from.includes(job.state)) return model
  if (held !== undefined && held !== (job.lease !== null)) return model
  if (by && (by.attempt !== job.attempt || by.executorId !== job.executorId)) return model
  const { attempt } = job
  return {
    job: {
      ...job,
      state: to,
      desired: settled[move] ?? job.desired,
      failures: job.failures + (outcome === 'lost' || outcome === 'retried' ? 1 : 0),
      executorId: outcome === undefined && to !== 'queued' ? job.executorId : null,
      lease: outcome === undefined && active.has(to) ? job.lease : null,
    },
    events: event ? [...model.events, { event, state: to, attempt }] : model.events,
    attempts: outcome ? [...model.attempts, { attempt, outcome }] : model.attempts,
  }
}

/** The claim of `sql/claim-jobs.ts`, which knows whether there are files to fetch. */
export function claimed(model: Model, executorId: string, move: 'claim' | 'claimStaging' = 'claim'): Model {
  const { job } = model
  const { from, to, event } = transitions[move]
  if (!(from as readonly JobState[]).includes(job.state) || job.desired !== 'run') return model
  const attempt = job.attempt + 1
  return {
    ...model,
    job: { ...job, state: to, attempt, executorId, lease: 'valid' },
    events: [...model.events, { event, state: to, attempt }],
  }
}

/** A wish is written for an executor to read; only while there is one. */
export function wanted(model: Model, desired: ModelJob['desired']): Model {
  const { job } = model
  if (job.lease === null || job.desired === 'stop') return model
  return { ...model, job: { ...job, desired } }
}

export function withLease(model: Model, lease: 'valid' | 'expired'): Model {
  return model.job.lease === null ? model : { ...model, job: { ...model.job, lease } }
}

const ATTEMPTS_MOST = 3

/** One round of `reaper.ts`. */
export function reaped(model: Model): Model {
  const { state, desired, lease, failures } = model.job
  if (lease === 'expired') {
    return applied(model, desired === 'stop' ? 'dismiss' : failures + 1 < ATTEMPTS_MOST ? 'requeue' : 'fail')
  }
  if (state !== 'queued' || desired === 'run') return model
  return applied(model, desired === 'pause' ? 'hold' : 'dismiss')
}

/** What is wrong with the model, if anything: what has to be true after every step. */
export function objection({ job, events, attempts }: Model): string | undefined {
  const { state, desired, lease, executorId, attempt } = job
  const ends = events.filter((event) => isFinal(event.state))
  if (ends.length !== (isFinal(state) ? 1 : 0)) return `${ends.length} ends were told of a job that is ${state}`
  if (isFinal(state) && events.at(-1)?.state !== state) return 'something was told after the end'
  if (isFinal(state) !== (lease === null && !['created', 'queued', 'paused'].includes(state)))
    return `${state}, lease ${lease}`
  if (lease !== null && executorId === null) return 'somebody holds it, nobody knows who'
  if (state === 'paused' && lease === null && desired === 'stop') return 'it rests, and was to be stopped'
  const numbers = attempts.map((one) => one.attempt)
  if (numbers.some((number, n) => number !== n + 1)) return `attempts ${numbers.join(', ')}`
  if (attempt - numbers.length > 1 || numbers.length > attempt) return `attempt ${attempt} after ${numbers.join(', ')}`
  const starts = events
    .filter(({ event }, n) => event === 'jobClaimed' || (event === 'jobStarted' && events[n - 1]?.state !== 'staging'))
    .map((event) => event.attempt)
  if (starts.some((number, n) => number !== n + 1)) return `attempts that began: ${starts.join(', ')}`
  return undefined
}
