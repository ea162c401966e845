import { mkdirSync } from 'node:fs'
import type { PauseGate } from './pause-gate.ts'
import { encodeState } from './result.ts'
import { Suspended } from './suspended.ts'

export type CallOutputs = { readonly [name: string]: unknown }

export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

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
  /** The state that `checkpoint` saved in an earlier try, to go on from; undefined in a run that starts afresh */
  readonly restored: unknown
  /** @param percent 0 to 100 */
  progress(percent: number, message?: string): void
  /** One point of a named series, such as a residual per iteration. */
  metric(name: string, value: number, step?: number): void
  /** A line of the job's log with a level of its own. */
  log(level: LogLevel, message: string): void
  /**
   * Tells whoever listens right now, as the event `told` of the job: at most once, at most 20 a second, and of several
   * under one name the newest. `data` is any JSON of at most 64 KiB.
   */
  tell(name: string, data: unknown): void
  /**
   * Rests here as long as a pause is wanted. A process that declares `yields` awaits it at points where it may stand
   * still; where it does not come to one within 1.5 s, it is stopped wherever it is.
   */
  pausePoint(): Promise<void>
  /** Whether the next `pausePoint` rests. Cheap enough for every step. */
  pauseDue(): boolean
  /**
   * Saves the state, as JSON; numbers come back bit for bit. When the executor asked for a pause, the run ends here by
   * an error that must be let pass, and another try goes on from the state. The process declares `checkpointable`.
   */
  checkpoint(state: unknown): void
  /** Whether it is time to: the executor asked, or the last state is so old. Cheap enough for every step. */
  checkpointDue(everyMs?: number): boolean
  /** Runs another process and resolves to its outputs; rejects with an error that has its `code`. */
  call(processId: string, inputs: object): Promise<CallOutputs>
}

/** The members of a `run` message that the context shows. */
export interface RunFacts {
  readonly id: string
  readonly attempt: number
  readonly workdir: string
  readonly checkpoint?: unknown
}

/** What the host knows of the run and does for it. */
export interface RunHost {
  readonly abort: AbortController
  /** The executor wants the state, and the slot */
  readonly asked: boolean
  readonly gate: PauseGate
  sendLine(line: string): void
  call: Context['call']
}

const progressEveryMs = 20

/** The context of one run. */
export function createContext({ id, attempt, workdir, checkpoint: restored }: RunFacts, host: RunHost): Context {
  let made = false
  let reported = -progressEveryMs
  let saved = performance.now()
  return Object.assign(new OnDemand(host.abort, directory), {
    id,
    attempt,
    restored,
    progress(percent: number, message?: string) {
      const now = performance.now()
      // A tight loop may report every step; nobody can watch more than this.
      if (percent < 100 && now - reported < progressEveryMs) return
      reported = now
      send({ type: 'progress', id, percent: Math.min(100, Math.max(0, percent)), message })
    },
    metric(name: string, value: number, step?: number) {
      if (Number.isFinite(value)) send({ type: 'metric', id, name, value, step })
    },
    log(level: LogLevel, message: string) {
      send({ type: 'log', id, level, message })
    },
    tell(name: string, data: unknown) {
      host.sendLine(
        `{"type":"tell","id":${JSON.stringify(id)},"name":${JSON.stringify(name)},"data":${encodeState(data)}}`,
      )
    },
    pauseDue: () => host.gate.asked(),
    pausePoint: () => host.gate.pass(() => send({ type: 'paused', id }), host.abort.signal),
    checkpoint(state: unknown) {
      const text = encodeState(state)
      if (host.asked) throw new Suspended(text)
      saved = performance.now()
      host.sendLine(`{"type":"checkpoint","id":${JSON.stringify(id)},"state":${text}}`)
    },
    checkpointDue(everyMs = 1000) {
      return host.asked || performance.now() - saved >= everyMs
    },
    call: host.call,
  })

  function directory() {
    if (made) return workdir
    made = true
    mkdirSync(workdir, { recursive: true })
    send({ type: 'workdir', id })
    return workdir
  }

  function send(message: object) {
    host.sendLine(JSON.stringify(message))
  }
}

/** What is made when somebody asks for it. A class: getters in a literal are defined for each object anew, and slowly. */
class OnDemand {
  readonly #abort: AbortController
  readonly #directory: () => string

  constructor(abort: AbortController, directory: () => string) {
    this.#abort = abort
    this.#directory = directory
  }

  get signal() {
    return this.#abort.signal
  }

  get workdir() {
    return this.#directory()
  }
}
