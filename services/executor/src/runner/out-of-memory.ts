import { read } from './memory.ts'
import type { RunProblem } from './protocol.ts'

/** A run beyond its limit: what it may have, and what it had. */
export function outOfMemory(maxBytes: number, peakBytes: number): RunProblem {
  const message = `the process used more memory than it may: ${bounds(maxBytes, peakBytes)}`
  return { code: 'OUT_OF_MEMORY', message, signal: 'SIGKILL' }
}

export interface Suspicion {
  readonly maxBytes?: number | undefined
  readonly peakBytes: number
  /** What the process printed last */
  readonly tail: readonly string[]
  /** How often the kernel had killed for want of memory when the child began */
  readonly kills: number
}

const heap = /heap out of memory|OOMErrorHandler|FatalProcessOutOfMemory/
/** What programs print last that were refused memory: of Python, C++, the C library */
const refused = /^MemoryError|bad_alloc|Cannot allocate memory/

/** The same problem, or OUT_OF_MEMORY where that is what is behind it. */
export function withCause(problem: RunProblem, { maxBytes, peakBytes, tail, kills }: Suspicion): RunProblem {
  const facts = maxBytes === undefined ? '' : ` (${bounds(maxBytes, peakBytes)})`
  if (problem.code === 'OUT_OF_MEMORY') return { ...problem, message: problem.message + facts }
  const why =
    problem.signal === 'SIGKILL' && oomKills() > kills
      ? 'the system had no memory left and ended the process'
      : problem.signal === 'SIGABRT' && tail.some((line) => heap.test(line))
        ? 'the heap of the process is full'
        : maxBytes !== undefined && problem.exitCode !== undefined && tail.some((line) => refused.test(line))
          ? 'the process was refused memory'
          : undefined
  return why === undefined ? problem : { ...problem, code: 'OUT_OF_MEMORY', message: why + facts }
}

/** How often the kernel has killed a process because memory was short, since it started. */
export function oomKills(): number {
  return Number(/^oom_kill (\d+)/m.exec(read('/proc/vmstat'))?.[1] ?? 0)
}

function bounds(maxBytes: number, peakBytes: number) {
  return `limit ${mebibytes(maxBytes)}, peak ${mebibytes(peakBytes)}`
}

function mebibytes(bytes: number) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
