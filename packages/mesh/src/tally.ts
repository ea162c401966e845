import type { Family, Sample } from './exposition.ts'

/** What is counted, and what tells the counts apart. */
export interface MeterKind {
  /** Of the metrics, without `s_total` and `_duration_seconds` */
  readonly name: string
  readonly what: string
  /** Name of the label that has the value of a meter */
  readonly label: string
  /** Name of the label that has the outcome */
  readonly outcome: string
}

/** Counts, for one operation, how often, how long and how it ended. */
export interface Meter {
  done(ms: number, outcome: string): void
}

/** How often, how long and how it ended. A library's counters look their labels up each time: that is for reading. */
export interface Tally extends Meter {
  readonly outcomes: ReadonlyMap<string, { readonly count: number }>
  /** For each bound how many took no longer than it and longer than the one before; behind them how many took longer */
  readonly buckets: readonly number[]
  /** Of all durations, ms */
  readonly sum: number
}

/** From a call that the broker alone takes time for to a job that the deadline of a synchronous run allows. */
const BOUNDS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export function createTally(): Tally {
  const outcomes = new Map<string, { count: number }>()
  const buckets = Array<number>(BOUNDS_S.length + 1).fill(0)
  const tally = { done, outcomes, buckets, sum: 0 }
  return tally

  function done(ms: number, outcome: string): void {
    const known = outcomes.get(outcome)
    if (known) known.count++
    else outcomes.set(outcome, { count: 1 })
    let place = 0
    while (place < BOUNDS_S.length && ms > (BOUNDS_S[place] as number) * 1_000) place++
    buckets[place] = (buckets[place] as number) + 1
    tally.sum += ms
  }
}

/** A counter by outcome and a histogram of seconds, as Prometheus has them: buckets count all below their bound. */
export function familiesOf({ name, what, label, outcome }: MeterKind, tallies: ReadonlyMap<string, Tally>): Family[] {
  const ended: Sample[] = []
  const lasted: Sample[] = []
  const metricName = `${name}_duration_seconds`
  for (const [value, { outcomes, buckets, sum }] of tallies) {
    if (outcomes.size === 0) continue // a series begins with what is counted first
    const labels = { [label]: value }
    for (const [how, { count }] of outcomes) ended.push({ labels: { ...labels, [outcome]: how }, value: count })
    let below = 0
    for (const [place, count] of buckets.entries()) {
      below += count
      const le = BOUNDS_S[place] ?? '+Inf'
      lasted.push({ metricName: `${metricName}_bucket`, labels: { le, ...labels }, value: below })
    }
    lasted.push({ metricName: `${metricName}_sum`, labels, value: sum / 1_000 })
    lasted.push({ metricName: `${metricName}_count`, labels, value: below })
  }
  return [
    { name: `${name}s_total`, help: `${what}, by outcome`, type: 'counter', values: ended },
    { name: metricName, help: `How long they took: ${what.toLowerCase()}`, type: 'histogram', values: lasted },
  ]
}
