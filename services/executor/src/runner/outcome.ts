import type { ChildExit } from './child.ts'
import type { JsonObject, RunProblem } from './protocol.ts'
import type { Run, RunOutcome } from './run.ts'

/** How a run ends that did not succeed; one that ended by an exit shows its last log lines. */
export function failed(run: Run, problem: RunProblem): RunOutcome {
  if (run.verdict) return { status: 'failed', problem: { logTail: run.tail, ...run.verdict } }
  if (run.cancelledAt !== undefined) return { status: 'cancelled' }
  const ended = problem.code === 'PROCESS_CRASHED' || problem.exitCode !== undefined || problem.signal !== undefined
  return { status: 'failed', problem: ended ? { logTail: run.tail, ...problem } : problem }
}

/** A result counts, however late it is, unless there is too much of it. */
export function successful(run: Run, { outputs, value }: { outputs: string; value: JsonObject }): RunOutcome {
  const maxBytes = run.limits?.outputBytes
  if (maxBytes === undefined || Buffer.byteLength(outputs) <= maxBytes) return { status: 'successful', outputs, value }
  return failed(run, violation('too large', '', maxBytes))
}

/** A state that was saved in order to end; one who was to be stopped meanwhile has saved it, and is stopped. */
export function checkpointed(run: Run, state: string): RunOutcome {
  if (run.cancelledAt === undefined) return { status: 'checkpointed', state }
  run.hooks.onCheckpoint?.(state)
  return failed(run, { code: 'CANCELLED', message: 'cancelled' })
}

export function refusal(code: string, message: string): RunOutcome {
  return { status: 'failed', problem: { code, message } }
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
  if (kind === 'too large')
    return { code: 'TOO_LARGE', message: `it wrote more than ${maxOutputBytes} bytes as one result or state` }
  return { code: 'BAD_RESULT', message: `the runner wrote a line that is no message: ${line.slice(0, 200)}` }
}
