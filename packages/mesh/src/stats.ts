import type { Metrics } from './metrics.ts'
import type { Meter } from './tally.ts'

/** What this instance has served since it started, by operation. */
export interface Stats {
  count(type: string, ms: number, error: string | undefined): void
  read(): Record<string, { calls: number; errors: number; totalMs: number; lastError?: string }>
}

interface Entry {
  calls: number
  errors: number
  totalMs: number
  lastError?: string
}

export function createStats(metrics: Metrics): Stats {
  const operations = new Map<string, { readonly entry: Entry; readonly meter: Meter }>()
  const meterOf = metrics.meters({
    name: 'warren_operation',
    what: 'Calls that were answered',
    label: 'operation',
    outcome: 'code',
  })
  return { count, read: () => Object.fromEntries([...operations].map(([type, { entry }]) => [type, { ...entry }])) }

  function count(type: string, ms: number, error: string | undefined): void {
    let known = operations.get(type)
    if (!known) {
      known = { entry: { calls: 0, errors: 0, totalMs: 0 }, meter: meterOf(type) }
      operations.set(type, known)
    }
    known.meter.done(ms, error ?? 'OK')
    const { entry } = known
    entry.calls++
    entry.totalMs += ms
    if (error === undefined) return
    entry.errors++
    entry.lastError = error
  }
}
