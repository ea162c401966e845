import { watchLimits, type Breach, type LimitWatch } from './limits.ts'
import type { MemoryOf } from './memory.ts'
import { oomKills, withCause } from './out-of-memory.ts'
import type { RunProblem } from './protocol.ts'
import type { Run } from './run.ts'

/** The run that a child works on, and what it uses. */
export interface Head {
  readonly run: Run | undefined
  /** Whether the last one used so much memory that the next one should have another child */
  readonly swollen: boolean
  /** This one is the first now, which it may have been before. */
  lead(run: Run | undefined): void
  /** The child has loaded its code: from now on the time of runs counts. */
  begin(): void
  /** Counts the time since the last call: the run was paused in it, or was not. */
  count(paused: boolean): void
  /** The limit that was reached, each once */
  breach(): Breach | undefined
  /** The problem by its cause, if memory is what was missing */
  explain(problem: RunProblem): RunProblem
}

/** A child that has not said that it is ready counts as such after so long. */
const longestLoadMs = 5000

/** @param memoryOf undefined if the child could not be started */
export function createHead(memoryOf: MemoryOf | undefined): Head {
  const kills = oomKills()
  let run: Run | undefined
  let limits: LimitWatch | undefined
  let swollen = false
  let ready = false
  const readyBy = performance.now() + longestLoadMs

  return {
    get run() {
      return run
    },
    get swollen() {
      return swollen
    },
    lead,
    begin: () => {
      count(true)
      ready = true
    },
    count,
    breach: () => limits?.breach(),
    explain,
  }

  function lead(next: Run | undefined) {
    if (next === run) return
    if (limits) release(limits)
    run = next
    if (!run) return
    run.headSince = performance.now()
    limits = watchLimits(run, memoryOf)
    run.hooks.onStart?.()
  }

  function count(paused: boolean) {
    if (!limits) return
    ready ||= performance.now() > readyBy
    limits.count(paused || !ready, run!.calls > 0)
  }

  function release(watch: LimitWatch) {
    watch.close()
    // What the child still holds would count against the next run.
    if (watch.peakBytes > (run?.limits?.memoryBytes ?? Infinity) / 2) swollen = true
    limits = undefined
  }

  function explain(problem: RunProblem) {
    const maxBytes = run?.limits?.memoryBytes
    return withCause(problem, { maxBytes, peakBytes: limits?.peakBytes ?? 0, tail: run?.tail ?? [], kills })
  }
}
