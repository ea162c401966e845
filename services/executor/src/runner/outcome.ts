import type { ChildExit } from './child.ts'
import type { RunProblem } from './protocol.ts'
import type { Run, RunOutcome } from './run.ts'

/** How a run ends that did not succeed; one that ended by an exit shows its last log lines. */
export function failed(run: Run, problem: RunProblem): RunOutcome {
  if (run.cancelledAt !== undefined) return { status: 'cancelled' }
  const ended = problem.code === 'PROCESS_CRASHED' || problem.exitCode !== undefined || problem.signal !== undefined
  return { status: 'failed', problem: ended ? { logTail: run.tail, ...problem } : problem }
}

/** The problem in a host's `error` line. */
export function problemOf({ type: _type, id: _id, ...problem }: { type: string; id: string } & RunProblem): RunProblem {
  return problem
}

/** A child that ended while it had a run. */
export function crash({ reason, ...exit }: ChildExit): RunProblem {
  if (reason !== undefined) return { code: 'UNAVAILABLE', message: reason }
  const how = exit.signal ? `was ended by ${exit.signal}` : `ended with exit code ${exit.exitCode}`
  return { code: 'PROCESS_CRASHED', message: `the process ${how} before it answered`, ...exit }
}

/** A child that broke the protocol. */
export function violation(kind: 'malformed' | 'too large', line: string, maxOutputBytes: number): RunProblem {
  if (kind === 'too large') return { code: 'TOO_LARGE', message: `the result has more than ${maxOutputBytes} bytes` }
  return { code: 'BAD_RESULT', message: `the runner wrote a line that is no message: ${line.slice(0, 200)}` }
}
