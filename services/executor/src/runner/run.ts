import type { Limits } from '@warren/worker'
import type { Described } from './described.ts'
import type { JsonObject, RunProblem } from './protocol.ts'

export interface RunRequest {
  /** Id of the job, unique among the runs of a pool; letters, digits, `_` and `-` only */
  readonly id: string
  readonly processId: string
  readonly attempt: number
  /** Raw text of a JSON object */
  readonly inputs: string
  /** Epoch milliseconds; counts always, and may be moved with `pool.extend` */
  readonly deadline: number
  /** Longest time of running: neither in the queue nor paused. Beyond it the run fails with TIMEOUT. */
  readonly timeLimitMs?: number | undefined
  /** Epoch milliseconds from which on the run is asked to end; it may still give a result */
  readonly softDeadline?: number | undefined
  /** Raw JSON text of the state to go on from, as `onCheckpoint` or the outcome `checkpointed` gave it */
  readonly checkpoint?: string | undefined
  /** Raw JSON text of what the code of the process derives beside the outputs, as a member of them */
  readonly derive?: string | undefined
  /** W3C trace context, TRACEPARENT in the environment of the run */
  readonly traceparent?: string | undefined
  /** A directory with staged files, which stays the caller's; without it the pool makes one and removes it */
  readonly workdir?: string
}

export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

export interface LogLine {
  /** `log` is what the process said by `context.log` */
  readonly stream: 'stdout' | 'stderr' | 'log'
  readonly level: LogLevel
  /** Epoch milliseconds at which the line was read */
  readonly time: number
  readonly line: string
}

export interface RunHooks {
  readonly signal: AbortSignal
  /** The run has a slot and a child. May come twice for one attempt that was given back unstarted. */
  onStart?(): void
  onProgress?(percent: number, message?: string): void
  onMetric?(name: string, value: number, step?: number): void
  /** Something of its own that it tells whoever listens; any JSON */
  onTell?(name: string, data: unknown): void
  onLog?(line: LogLine): void
  /** The state as raw JSON text, which the run saved without ending */
  onCheckpoint?(state: string): void
  /** Runs another process for this one and resolves to its outputs as raw JSON text; its slot is lent meanwhile. */
  call?(processId: string, inputs: string): Promise<string>
}

export type RunOutcome =
  /** `value` is `outputs` parsed, for validation; only the text keeps numbers as they were printed. */
  | { readonly status: 'successful'; readonly outputs: string; readonly value: JsonObject }
  | { readonly status: 'failed'; readonly problem: RunProblem }
  /** It was asked to save its state, did so, and ended; `state` is raw JSON text. */
  | { readonly status: 'checkpointed'; readonly state: string }
  /** Aborted or past its deadline: the host has answered, or its process group is gone. */
  | { readonly status: 'cancelled' }

/** A run on its way through the pool. */
export interface Run {
  readonly request: RunRequest
  readonly hooks: RunHooks
  /** What its process declares */
  readonly limits: Limits | undefined
  readonly checkpointable: boolean
  /** It rests at points of its own choice when it is asked to. */
  readonly yields: boolean
  readonly sequence: number
  /** Epoch milliseconds */
  deadline: number
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
  /** It was told to end because of this, and fails of it unless it gives a result */
  verdict?: RunProblem | undefined
  /** How often it gave a sign of life */
  signs: number
  /** Calls to other processes that it waits for */
  calls: number
  workdir?: string
  logBytes: number
  readonly tail: string[]
}

/** A run that nobody works on yet. */
export function createRun(
  request: RunRequest,
  hooks: RunHooks,
  { declaration }: Described,
  sequence: number,
  settle: Run['settle'],
  cancel: (run: Run) => void,
): Run {
  const run: Run = {
    request,
    hooks,
    limits: declaration.limits,
    checkpointable: declaration.checkpointable === true,
    yields: declaration.yields === true,
    sequence,
    settle,
    onAbort: () => cancel(run),
    deadline: request.deadline,
    overdue: false,
    headSince: 0,
    signs: 0,
    calls: 0,
    logBytes: 0,
    tail: [],
  }
  return run
}
