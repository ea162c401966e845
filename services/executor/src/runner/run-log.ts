import { bytesOf, cutLine } from './log-lines.ts'
import type { LogLevel, LogLine, Run } from './run.ts'

const tailLines = 20
const levels: ReadonlySet<string> = new Set<LogLevel>(['debug', 'info', 'warning', 'error'])

/** Hands printed lines to the run's log. `bytes` is their size with the line ends. */
export function keepPrinted(
  run: Run,
  stream: 'stdout' | 'stderr',
  lines: readonly string[],
  bytes: number,
  maxLogBytes: number,
): void {
  keep(run, stream, stream === 'stdout' ? 'info' : 'warning', lines, bytes, maxLogBytes)
}

/** Hands what the process said by `context.log` to the run's log; a level that nobody knows counts as `info`. */
export function keepSaid(run: Run, level: string, message: string, maxLogBytes: number): void {
  const lines = message.split('\n').map(cutLine)
  keep(run, 'log', levels.has(level) ? (level as LogLevel) : 'info', lines, bytesOf(lines), maxLogBytes)
}

/** Lines within the budget go to the run's hook; the last ones of all are kept for a report of a crash. */
function keep(
  run: Run,
  stream: LogLine['stream'],
  level: LogLevel,
  lines: readonly string[],
  bytes: number,
  maxBytes: number,
) {
  run.signs++
  run.tail.push(...lines.slice(-tailLines))
  run.tail.splice(0, run.tail.length - tailLines)
  const most = Math.min(maxBytes, run.limits?.logBytes ?? Infinity)
  const time = Date.now()
  let used = run.logBytes
  run.logBytes += bytes
  if (used > most || !run.hooks.onLog) return
  if (run.logBytes <= most) {
    for (const line of lines) run.hooks.onLog({ stream, level, time, line })
    return
  }
  for (const line of lines) {
    used += Buffer.byteLength(line) + 1
    const cut = used > most
    run.hooks.onLog({ stream, level, time, line: cut ? `(log cut after ${most} bytes)` : line })
    if (cut) return
  }
}
