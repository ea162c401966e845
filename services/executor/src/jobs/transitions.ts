import type { JobState } from '@warren/contracts'
import type { executor } from '@warren/contracts'

export type JobEvent = keyof typeof executor.events

interface Transition {
  readonly from: readonly JobState[]
  readonly to: JobState
  /** What is told to the world; a step that only the ledger knows tells nothing. */
  readonly event?: JobEvent
}

const active = ['staging', 'running', 'paused', 'storing'] as const satisfies JobState[]

/**
 * Every way from one state to another, and there is no other. A move that finds the job in none of its `from` states
 * changes nothing: somebody else was first.
 */
export const transitions = {
  start: { from: ['created'], to: 'queued', event: 'jobAccepted' },
  claim: { from: ['queued'], to: 'staging' },
  ready: { from: ['staging'], to: 'running', event: 'jobStarted' },
  pause: { from: ['queued', 'running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  release: { from: ['paused'], to: 'queued' },
  done: { from: ['running'], to: 'storing' },
  stored: { from: ['running', 'storing'], to: 'successful', event: 'jobSuccessful' },
  fail: { from: ['queued', ...active], to: 'failed', event: 'jobFailed' },
  requeue: { from: active, to: 'queued', event: 'jobRequeued' },
  dismissUnclaimed: { from: ['created', 'queued'], to: 'dismissed', event: 'jobDismissed' },
  dismiss: { from: ['created', 'queued', ...active], to: 'dismissed', event: 'jobDismissed' },
} as const satisfies Record<string, Transition>

export type Move = keyof typeof transitions
