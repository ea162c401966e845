import type { LogLine } from './child.ts'
import type { Run } from './run.ts'

const tailLines = 20

/** Hands a line to the run's log within its budget, and keeps the last ones for a report of a crash. */
export function keepLog(run: Run, line: LogLine, maxLogBytes: number): void {
  run.tail.push(line.line)
  if (run.tail.length > tailLines) run.tail.shift()
  const before = run.logBytes
  run.logBytes += Buffer.byteLength(line.line) + 1
  if (run.logBytes <= maxLogBytes) return run.hooks.onLog?.(line)
  if (before <= maxLogBytes) run.hooks.onLog?.({ ...line, line: `(log cut after ${maxLogBytes} bytes)` })
}
