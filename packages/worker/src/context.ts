import { mkdirSync } from 'node:fs'

export type CallOutputs = { readonly [name: string]: unknown }

/** What a run knows and may do besides computing. */
export interface Context {
  /** Id of the run (the job's id) */
  readonly id: string
  /** 1 for the first try */
  readonly attempt: number
  /** A directory of this run alone, made when first asked for and removed after the run */
  readonly workdir: string
  /** Aborts when the run is cancelled. A run that ignores it is killed half a second later. */
  readonly signal: AbortSignal
  /** @param percent 0 to 100 */
  progress(percent: number, message?: string): void
  /** One point of a named series, such as a residual per iteration. */
  metric(name: string, value: number, step?: number): void
  /** Runs another process and resolves to its outputs; rejects with an error that has its `code`. */
  call(processId: string, inputs: object): Promise<CallOutputs>
}

interface RunFacts {
  readonly id: string
  readonly attempt: number
  readonly workdir: string
}

const progressEveryMs = 20

/** The context of one run. `call` is the host's, because its answers arrive on the host's channel. */
export function createContext(
  { id, attempt, workdir }: RunFacts,
  signal: () => AbortSignal,
  send: (message: object) => void,
  call: Context['call'],
): Context {
  let made = false
  let reported = -progressEveryMs
  return {
    id,
    attempt,
    get signal() {
      return signal()
    },
    get workdir() {
      if (made) return workdir
      made = true
      mkdirSync(workdir, { recursive: true })
      send({ type: 'workdir', id })
      return workdir
    },
    progress(percent, message) {
      const now = performance.now()
      // A tight loop may report every step; nobody can watch more than this.
      if (percent < 100 && now - reported < progressEveryMs) return
      reported = now
      send({ type: 'progress', id, percent: Math.min(100, Math.max(0, percent)), message })
    },
    metric(name, value, step) {
      if (Number.isFinite(value)) send({ type: 'metric', id, name, value, step })
    },
    call,
  }
}
