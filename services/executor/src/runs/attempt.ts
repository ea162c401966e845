import type { Grammar } from '../grammar/grammar.ts'
import type { ReadRequest } from '../grammar/request.ts'

export interface Attempt {
  readonly jobId: string
  readonly attempt: number
  readonly owner: string
  readonly request: ReadRequest
  readonly grammar: Grammar
  /** Epoch ms */
  readonly deadline: number
  /** Running time that it may take; paused time does not count */
  readonly timeLimitMs?: number | undefined
  /** State that an earlier attempt saved; JSON text */
  readonly checkpoint?: string | undefined
  readonly traceparent?: string | undefined
  /** A caller waits, and its call counts among those that are taken. */
  readonly held?: boolean
  /** The ledger has it as one that fetches files, and wants to hear when they are there. */
  readonly isStaging: boolean
  /** False when it is not this executor's any more. */
  readonly advance: (step: Step) => Promise<boolean>
}

/** How far an attempt is, where others can see it. */
export type Step = 'ready' | 'store'
