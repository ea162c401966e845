import type { JobState } from '@warren/contracts'
import type { JobEvent } from './transitions.ts'

/** A row of `events` as the statement that wrote it returns it. */
export interface WrittenEvent {
  /** bigint, as text; null when there was nothing to tell */
  readonly seq: string | null
  readonly jobId: string
  readonly processId: string
  readonly event: JobEvent | null
  readonly state: JobState
  readonly attempt: number
  readonly at: Date | null
}
