import { monotonicMs } from './clock.ts'
import type { Run } from './run.ts'

/** How long a run that is sent behind another may wait to be started there. */
const startWithinMs = 50

/** The moment after which a host must not start a run that is sent to it now behind another. */
export function startByNow(): number {
  return monotonicMs() + startWithinMs
}

/**
 * The followers that may be taken back. To be called again and again, with turns of the event loop between.
 *
 * A host looks at `startBy` after the answer of the run before is with us. So a run whose moment passed, and whose
 * channel was read at least once since, either has become the head or is never going to start there.
 */
export function overdueRuns(runs: readonly Run[]): Run[] {
  if (runs.length < 2) return []
  const overdue = runs.slice(1).filter((run) => run.overdue)
  const now = monotonicMs()
  for (const run of runs) if (run.startBy !== undefined && run.startBy < now) run.overdue = true
  return overdue
}
