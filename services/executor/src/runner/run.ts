import type { LogLine } from './child.ts'
import type { JsonObject, RunProblem } from './protocol.ts'

export interface RunRequest {
  /** Id of the job, unique among the runs of a pool; letters, digits, `_` and `-` only */
  readonly id: string
  readonly processId: string
  readonly attempt: number
  /** Raw text of a JSON object */
  readonly inputs: string
  /** Epoch milliseconds */
  readonly deadline: number
  /** A directory with staged files, which stays the caller's; without it the pool makes one and removes it */
  readonly workdir?: string
}

export interface RunHooks {
  readonly signal: AbortSignal
  /** The run has a slot and a child. May come twice for one attempt that was given back unstarted. */
  onStart?(): void
  onProgress?(percent: number, message?: string): void
  onMetric?(name: string, value: number, step?: number): void
  onLog?(line: LogLine): void
  /** Runs another process for this one and resolves to its outputs as raw JSON text; its slot is lent meanwhile. */
  call?(processId: string, inputs: string): Promise<string>
}

export type RunOutcome =
  /** `value` is `outputs` parsed, for validation; only the text keeps numbers as they were printed. */
  | { readonly status: 'successful'; readonly outputs: string; readonly value: JsonObject }
  | { readonly status: 'failed'; readonly problem: RunProblem }
  /** Aborted or past its deadline: the host has answered, or its process group is gone. */
  | { readonly status: 'cancelled' }

/** A run on its way through the pool. */
export interface Run {
  readonly request: RunRequest
  readonly hooks: RunHooks
  readonly sequence: number
  /** Settles the promise of the caller; only the first call counts. */
  settle(outcome: RunOutcome): void
  onAbort(): void
  /** CLOCK_MONOTONIC milliseconds after which a host must not start it, if it was sent behind another */
  startBy?: number | undefined
  /** The moment is past, and the channel has been read since then */
  overdue: boolean
  /** Monotonic milliseconds since it is the head of its runner */
  headSince: number
  cancelledAt?: number
  /** Calls to other processes that it waits for */
  calls: number
  workdir?: string
  logBytes: number
  readonly tail: string[]
}
