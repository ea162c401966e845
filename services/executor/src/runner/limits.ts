import { watchMemory, type MemoryOf, type MemoryWatch } from './memory.ts'
import { outOfMemory } from './out-of-memory.ts'
import type { RunProblem } from './protocol.ts'
import type { Run } from './run.ts'

/** What a limit that was reached demands. */
export interface Breach {
  /** The run may still end by itself; or is stopped within the bound; or at once */
  readonly demand: 'ask' | 'cancel' | 'kill'
  readonly problem: RunProblem
}

/** The limits of a run that has started. */
export interface LimitWatch {
  /** Counts the time since the last call for what the run did in it. */
  count(paused: boolean, waiting: boolean): void
  /** What was reached, each limit once */
  breach(): Breach | undefined
  /** 0 if nobody looked */
  readonly peakBytes: number
  close(): void
}

/** Undefined if nothing but its deadline bounds the run. */
export function watchLimits(run: Run, memoryOf: MemoryOf | undefined): LimitWatch | undefined {
  const { timeLimitMs = Infinity, softDeadline = Infinity } = run.request
  if (!run.limits && timeLimitMs === Infinity && softDeadline === Infinity) return undefined
  const { softTimeoutMs = Infinity, silenceMs = Infinity, memoryBytes } = run.limits ?? {}
  let looked = performance.now()
  let ranMs = 0
  let quietMs = 0
  let heard = run.signs
  let asked = false
  let beyond = false
  let memory: MemoryWatch | undefined
  if (memoryBytes !== undefined && memoryOf) {
    memory = watchMemory(memoryOf, memoryBytes, () => (beyond = true))
  }

  return {
    count,
    breach,
    get peakBytes() {
      return memory?.peakBytes ?? 0
    },
    close: () => memory?.close(),
  }

  function count(paused: boolean, waiting: boolean) {
    const now = performance.now()
    const passedMs = now - looked
    looked = now
    if (!paused) ranMs += passedMs
    if (run.signs !== heard) quietMs = 0
    // It is silent only as far as somebody listened: this service may have stood still itself.
    else if (!paused && !waiting) quietMs += Math.min(passedMs, 100)
    heard = run.signs
  }

  function breach(): Breach | undefined {
    if (beyond) return { demand: 'kill', problem: outOfMemory(memoryBytes!, memory!.peakBytes) }
    if (quietMs >= silenceMs) return { demand: 'kill', problem: silent(silenceMs) }
    if (ranMs >= timeLimitMs) return { demand: 'cancel', problem: timeout(`its time limit of ${timeLimitMs} ms`) }
    if (asked || (ranMs < softTimeoutMs && Date.now() < softDeadline)) return undefined
    asked = true
    const limit = ranMs < softTimeoutMs ? 'its soft deadline' : `its soft time limit of ${softTimeoutMs} ms`
    return { demand: 'ask', problem: timeout(limit) }
  }
}

function timeout(limit: string): RunProblem {
  return { code: 'TIMEOUT', message: `the process ran longer than ${limit}` }
}

function silent(silenceMs: number): RunProblem {
  const message = `the process gave no sign of life for ${silenceMs} ms`
  return { code: 'PROCESS_SILENT', message, signal: 'SIGKILL' }
}
