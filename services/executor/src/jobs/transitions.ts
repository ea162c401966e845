import type { JobState } from '@warren/contracts'
import type { executor } from '@warren/contracts'

export type JobEvent = Exclude<keyof typeof executor.events, 'jobTold'>

interface Transition {
  readonly from: readonly JobState[]
  readonly to: JobState
  /** What is told to the world; a step that only the ledger knows tells nothing. */
  readonly event?: JobEvent
  /** Only while somebody holds the job, or only while nobody does. */
  readonly held?: boolean
  /** The attempt is over and another one follows: what became of this one. */
  readonly outcome?: 'lost' | 'retried' | 'handed back' | 'checkpointed'
}

const active = ['staging', 'running', 'paused', 'storing'] as const satisfies JobState[]

/**
 * Every way from one state to another, and there is no other. A move that finds the job in none of its `from` states
 * changes nothing: somebody else was first.
 */
export const transitions = {
  start: { from: ['created'], to: 'queued', event: 'jobAccepted' },
  claim: { from: ['queued'], to: 'running', event: 'jobStarted' },
  // of a process that has files to fetch
  claimStaging: { from: ['queued'], to: 'staging', event: 'jobClaimed' },
  ready: { from: ['staging'], to: 'running', event: 'jobStarted', held: true },
  hold: { from: ['queued'], to: 'paused', event: 'jobPaused' },
  release: { from: ['paused'], to: 'queued', event: 'jobResumed', held: false },
  suspend: { from: ['running'], to: 'paused', event: 'jobPaused', held: true },
  resume: { from: ['paused'], to: 'running', event: 'jobResumed', held: true },
  checkpoint: { from: ['running'], to: 'paused', event: 'jobPaused', held: true, outcome: 'checkpointed' },
  // its result may have been on the way when it was suspended
  store: { from: ['running', 'paused'], to: 'storing', held: true },
  stored: { from: ['running', 'paused', 'storing'], to: 'successful', event: 'jobSuccessful', held: true },
  fail: { from: ['created', 'queued', ...active], to: 'failed', event: 'jobFailed' },
  retry: { from: active, to: 'queued', event: 'jobRequeued', held: true, outcome: 'retried' },
  requeue: { from: active, to: 'queued', event: 'jobRequeued', held: true, outcome: 'lost' },
  handBack: { from: active, to: 'queued', event: 'jobRequeued', held: true, outcome: 'handed back' },
  dismissUnclaimed: { from: ['created', 'queued', 'paused'], to: 'dismissed', event: 'jobDismissed', held: false },
  dismiss: { from: ['created', 'queued', ...active], to: 'dismissed', event: 'jobDismissed' },
} as const satisfies Record<string, Transition>

export type Move = keyof typeof transitions

/** What is told of a job that is stored in a state at once. */
export const beginnings: Readonly<Record<JobState, JobEvent>> = {
  created: 'jobCreated',
  queued: 'jobAccepted',
  staging: 'jobClaimed',
  running: 'jobStarted',
  paused: 'jobPaused',
  storing: 'jobStarted',
  successful: 'jobSuccessful',
  failed: 'jobFailed',
  dismissed: 'jobDismissed',
}
