import type { EventRow, Facts, JobRow } from './facts.ts'
import type { Entry } from './journal.ts'

export type Rule =
  | 'lost'
  | 'stuck'
  | 'duplicated'
  | 'results'
  | 'key'
  | 'end'
  | 'walk'
  | 'attempts'
  | 'outbox'
  | 'invented'
  | 'undead'
  | 'changed'
  | 'failed'
  | 'internal'
  | 'died'
  | 'webhook'

/** A promise that was not kept. */
export interface Violation {
  readonly rule: Rule
  readonly jobId?: string | undefined
  readonly token?: string | undefined
  readonly what: string
}

/** The facts, in the order in which the rules look at them. */
export interface Books extends Facts {
  readonly job: ReadonlyMap<string, JobRow>
  readonly eventsOf: ReadonlyMap<string, readonly EventRow[]>
  readonly asked: ReadonlyMap<string, readonly Entry[]>
  /** Somebody asked to dismiss it: the second time removes a job. */
  dismissedBefore(jobId: string, at: number): boolean
}

export function openBooks(facts: Facts): Books {
  const asked = grouped(facts.entries, ({ jobId }) => jobId)
  return {
    ...facts,
    job: new Map(facts.jobs.map((job) => [job.id, job])),
    eventsOf: grouped(facts.events, ({ jobId }) => jobId),
    asked,
    dismissedBefore: (jobId, at) => (asked.get(jobId) ?? []).some((entry) => entry.op === 'dismiss' && entry.at <= at),
  }
}

export function grouped<T>(all: readonly T[], by: (one: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const key = by(one)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  return groups
}
