import { statusOf, type JobState } from '@warren/contracts'
import type { JobEvent } from './transitions.ts'

/** A row of `events` as the statement that wrote it returns it. */
export interface WrittenEvent {
  /** xid8 and bigint, as text; null when there was nothing to tell */
  readonly xid: string | null
  readonly seq: string | null
  readonly jobId: string
  readonly processId: string
  readonly owner: string
  readonly event: JobEvent | null
  readonly state: JobState
  readonly attempt: number
  readonly at: Date | null
  /** What this kind of event says beside that */
  readonly data: EventData | null
  /** The job names a subscriber of its own. */
  readonly notify: boolean
  /** It was claimed in the same transaction: nobody has to look for it. */
  readonly isClaimed?: boolean
}

export interface EventData {
  readonly progress?: number
  readonly message?: string
}

/** A place in the order of events */
export interface Position {
  /** xid8, as text */
  readonly xid: string
  readonly seq: number
}

/** What readers of an event get, as the contract has it. */
export function eventData(event: Omit<WrittenEvent, 'xid' | 'seq' | 'event' | 'at'>): Record<string, unknown> {
  const { jobId, processId, owner, state, attempt, data, notify } = event
  return { jobId, processId, state, status: statusOf(state), attempt, owner, ...data, ...(notify && { notify }) }
}
