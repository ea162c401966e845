import type { AttemptRow, EventRow } from './facts.ts'
import type { Done } from './faults.ts'
import type { Fault } from './plan.ts'
import type { Entry } from './journal.ts'

/** How long it took after the faults of one kind until somebody was served again. */
export interface Recovery {
  readonly kind: string
  readonly all: readonly number[]
  /** Those that no other fault was under way beside */
  readonly alone: readonly number[]
}

/** ms from the end of each fault to the next synchronous run that was answered with its results. */
export function recoveries(done: readonly Done[], entries: readonly Entry[]): Recovery[] {
  const served = entries
    .filter(({ op, status }) => op === 'run' && status === 200)
    .map(({ at, ms }) => at + ms)
    .toSorted((a, b) => a - b)
  const kinds = Map.groupBy(
    done.filter(({ missed }) => !missed),
    ({ fault }) => kindOf(fault),
  )
  return [...kinds]
    .map(([kind, all]) => {
      const each = all.map((one) => ({ one, ms: (served.find((at) => at >= one.endedAt) ?? Infinity) - one.endedAt }))
      const alone = each.filter(({ one, ms }) => !done.some((other) => other !== one && overlaps(other, one, ms)))
      return { kind, all: each.map(({ ms }) => ms), alone: alone.map(({ ms }) => ms) }
    })
    .toSorted((a, b) => a.kind.localeCompare(b.kind))
}

function overlaps(other: Done, one: Done, ms: number): boolean {
  return other.beganAt <= one.endedAt + ms && other.endedAt >= one.endedAt
}

function kindOf({ kind, target, wire }: Fault): string {
  const who = target.startsWith('executor') ? 'executor' : target
  return wire ? `${kind} a wire to the ${wire}` : `${kind} ${who}`
}

/**
 * ms from the kill of an executor until each job that it ran was running again; jobs that were taken from it before, as
 * it did not move for longer than a lease, are not among them.
 */
export function reassignments(
  kills: readonly { readonly instance: string; readonly at: number }[],
  attempts: readonly AttemptRow[],
  events: readonly EventRow[],
): number[] {
  const killedAt = new Map(kills.map(({ instance, at }) => [instance, at]))
  const started = new Map(
    events
      .filter(({ event }) => event === 'jobStarted')
      .map(({ jobId, attempt, at }) => [`${jobId} ${attempt}`, at.getTime()]),
  )
  return attempts.flatMap(({ jobId, attempt, executorId, outcome, endedAt }) => {
    const killed = killedAt.get(executorId ?? '')
    const again = started.get(`${jobId} ${attempt + 1}`)
    const isLost = outcome === 'lost' && killed !== undefined && endedAt.getTime() > killed
    return isLost && again !== undefined ? [again - killed] : []
  })
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN
}
