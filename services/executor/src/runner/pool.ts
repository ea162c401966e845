import { mkdirSync } from 'node:fs'
import type { Described } from './described.ts'
import { createPace } from './pace.ts'
import { createQueue } from './queue.ts'
import { refusal } from './outcome.ts'
import { createRun, type Run, type RunHooks, type RunOutcome, type RunRequest } from './run.ts'
import type { Runner } from './runner.ts'
import { createRunners } from './runners.ts'

export interface PoolOptions {
  /** Runs at a time, over all processes */
  readonly slots: number
  /** Where runners have their working directories; made if it is absent */
  readonly workRoot: string
  /** What user code sees of it: PATH, HOME, LANG, TMPDIR, NODE_COMPILE_CACHE */
  readonly env: { readonly [name: string]: string | undefined }
  readonly python?: string
  readonly maxOutputBytes?: number
  readonly maxLogBytes?: number
  /** An idle child is ended after so long, unless it is the last one of its folder */
  readonly idleMs?: number
  /** The last one is: who comes back after a while should not wait for another to start */
  readonly lastIdleMs?: number
  /** From the `cancel` message to SIGTERM */
  readonly graceMs?: number
  /** From SIGTERM to SIGKILL */
  readonly termMs?: number
}

export interface Pool {
  readonly slots: number
  /** Slots that are free now */
  free(): number
  /** Whether recent runs of the process were so short that several may be sent to one child */
  isShort(processId: string): boolean
  /** Runs that wait for a slot */
  waiting(): number
  /** Runs at once if there is a free slot, else in order of arrival. Never rejects. */
  run(request: RunRequest, hooks: RunHooks): Promise<RunOutcome>
  /**
   * Stops (SIGSTOP) the process group of a started run and lends its slot, at once, or when a process that yields has
   * come to a point for that; resolves to false if the run has not started, or has ended before that.
   */
  pause(id: string): Promise<boolean>
  resume(id: string): boolean
  /** Asks a started run to save its state and end; false if it has not started or its process cannot do that. */
  checkpoint(id: string): boolean
  /** Moves the deadline of a waiting or running run; false if there is none, or it is being cancelled. */
  extend(id: string, deadlineEpochMs: number): boolean
  /** Called whenever a slot is free that was not; returns the function that unsubscribes. */
  onFree(listener: () => void): () => void
  /** The processes that can be run from now on. Runs that have started go on with what they started with. */
  update(processes: readonly Described[]): void
  /** Resolves when nothing runs or waits; the caller sends no more. */
  drain(): Promise<void>
  /** Cancels everything and resolves when every child is verified gone. */
  close(): Promise<void>
}

const sweepEveryMs = 25
const pipelineDepth = 8
const defaults = { maxOutputBytes: 16 * 2 ** 20, maxLogBytes: 16 * 2 ** 20, graceMs: 500, termMs: 1000 }

/** Warm runner children and the slots that they share. */
export function createPool(given: PoolOptions): Pool {
  const options = { ...defaults, ...given }
  const { slots } = options
  const queue = createQueue()
  const pace = createPace()
  const active = new Map<string, Run>()
  const runners = createRunners(options, { onOutcome, onReturned, onChange: pump })
  const freeListeners = new Set<() => void>()
  const idleListeners = new Set<() => void>()
  let processes = new Map<string, Described>()
  let sequence = 0
  let closing = false
  let wasFree = slots
  let sweeper: NodeJS.Timeout | undefined
  mkdirSync(options.workRoot, { recursive: true })

  return {
    slots,
    free: runners.freeSlots,
    isShort: pace.isShort,
    waiting: () => queue.size,
    run,
    pause,
    resume,
    checkpoint,
    extend,
    onFree,
    update,
    drain,
    close,
  }

  function run(request: RunRequest, hooks: RunHooks): Promise<RunOutcome> {
    if (closing) return Promise.resolve(refusal('UNAVAILABLE', 'the executor is stopping'))
    const described = processes.get(request.processId)
    if (!described) return Promise.resolve(unknown(request.processId))
    if (hooks.signal.aborted) return Promise.resolve({ status: 'cancelled' })
    return new Promise((resolve) => {
      const run = createRun(request, hooks, described, sequence++, resolve, cancel)
      active.set(request.id, run)
      hooks.signal.addEventListener('abort', run.onAbort, { once: true })
      queue.add(run)
      sweeper ??= setInterval(sweep, sweepEveryMs)
      pump()
    })
  }

  /** Sends waiting runs to runners as long as any of them finds one. */
  function pump() {
    for (const processId of queue.size > 0 ? queue.processIds() : []) {
      for (let run = queue.first(processId); run; run = queue.first(processId)) {
        const described = processes.get(processId)
        const runner = described && runnerFor(described)
        if (!runner) break
        queue.delete(run)
        runner.dispatch(run)
      }
    }
    const now = runners.freeSlots()
    if (now > 0 && now > wasFree) for (const listener of freeListeners) listener()
    wasFree = runners.freeSlots()
    if (active.size === 0) for (const listener of idleListeners) listener()
  }

  function runnerFor(described: Described): Runner | undefined {
    const { id, concurrency = Infinity } = described.declaration
    const accepting = runners.accepting(described)
    const room = runners.freeSlots() > 0 && (concurrency === Infinity || runners.countOf(id) < concurrency)
    const idle = room && accepting.find(({ runs }) => runs.length === 0)
    if (idle) return idle
    if (described.pipelining && pace.isShort(id)) {
      const ahead = accepting.filter(
        ({ runs }) => runs.length > 0 && runs.length < pipelineDepth && runs.every(isShortRun),
      )
      if (ahead.length > 0) return ahead.reduce((best, other) => (other.runs.length < best.runs.length ? other : best))
    }
    return room ? runners.start(described) : undefined
  }

  function isShortRun({ request }: Run) {
    return pace.isShort(request.processId)
  }

  function onOutcome(run: Run, outcome: RunOutcome) {
    pace.note(run.request.processId, performance.now() - run.headSince, run.logBytes)
    finish(run, outcome)
  }

  function onReturned(returned: Run[]) {
    for (const run of returned) queue.add(run)
  }

  function finish(run: Run, outcome: RunOutcome) {
    if (active.get(run.request.id) === run) active.delete(run.request.id)
    run.hooks.signal.removeEventListener('abort', run.onAbort)
    run.settle(outcome)
    if (active.size > 0) return
    clearInterval(sweeper)
    sweeper = undefined
  }

  function cancel(run: Run) {
    if (queue.delete(run)) {
      finish(run, { status: 'cancelled' })
      return pump()
    }
    for (const runner of runners.all()) if (runner.runs.includes(run)) runner.cancel(run)
  }

  /** One timer for all runs: deadlines, escalation, runs to take back. */
  function sweep() {
    const now = Date.now()
    for (const run of active.values()) if (run.deadline <= now) cancel(run)
    for (const runner of runners.all()) runner.sweep()
  }

  async function pause(id: string) {
    return (await runners.leading(id)?.pause()) ?? false
  }

  function resume(id: string) {
    const runner = runners.leading(id)
    runner?.resume()
    return runner !== undefined
  }

  function checkpoint(id: string) {
    return runners.leading(id)?.checkpoint() ?? false
  }

  function extend(id: string, deadlineEpochMs: number) {
    const run = active.get(id)
    if (!run || run.cancelledAt !== undefined) return false
    run.deadline = deadlineEpochMs
    return true
  }

  function onFree(listener: () => void) {
    freeListeners.add(listener)
    return () => void freeListeners.delete(listener)
  }

  function update(described: readonly Described[]) {
    processes = new Map(described.map((process) => [process.declaration.id, process]))
    runners.keep(described)
    for (const run of queue.all()) {
      if (processes.has(run.request.processId) || !queue.delete(run)) continue
      finish(run, unknown(run.request.processId))
    }
  }

  function drain() {
    return until(() => active.size === 0)
  }

  async function close() {
    closing = true
    for (const run of active.values()) cancel(run)
    await drain()
    runners.keep([])
    await until(() => runners.size === 0)
    runners.close()
  }

  function until(condition: () => boolean) {
    return new Promise<void>((resolve) => {
      const check = () => {
        if (!condition()) return
        idleListeners.delete(check)
        resolve()
      }
      idleListeners.add(check)
      check()
    })
  }
}

function unknown(processId: string) {
  return refusal('NO_SUCH_PROCESS', `there is no process ${processId} here`)
}
