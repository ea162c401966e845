import type { Facts } from './facts.ts'
import { line } from './journal.ts'
import type { Violation } from './ledger.ts'
import { quantile, type Recovery } from './recovery.ts'

const SHOWN_OF_RULE = 3
const HISTORY_MOST = 40

/** How often which promise was broken. */
export interface Counts {
  readonly lost: number
  readonly duplicated: number
  readonly stuck: number
  readonly other: number
}

export function count(violations: readonly Violation[]): Counts {
  const of = (...rules: string[]): number => violations.filter(({ rule }) => rules.includes(rule)).length
  const lost = of('lost', 'outbox')
  const duplicated = of('duplicated', 'key', 'end')
  const stuck = of('stuck')
  return { lost, duplicated, stuck, other: violations.length - lost - duplicated - stuck }
}

/** What was asked, stored and told, as lines. */
export function summary({ entries, jobs, events, attempts, told, webhooks, parked }: Facts): string[] {
  const answers = tally(entries, ({ op, status }) => `${op} ${status ?? 'no answer'}`)
  const states = tally(jobs, ({ mode, state }) => `${mode} ${state}`)
  return [
    `answers   ${answers}`,
    `jobs      ${states}`,
    `failures  ${tally(jobs, ({ code }) => code ?? undefined) || 'none'}`,
    `attempts  ${tally(attempts, ({ outcome }) => outcome) || 'none but the first'}`,
    `events    ${events.length} committed, ${told.length} messages`,
    `webhooks  ${webhooks ? tally(webhooks, ({ taken }) => (taken ? 'taken' : 'refused')) : 'nobody sends them'}`,
    `parked    ${parked}`,
  ]
}

export function recoveryTable(recoveries: readonly Recovery[]): string[] {
  const figures = (values: readonly number[]): string =>
    values.length === 0
      ? '-'.padStart(20)
      : `${String(values.length).padStart(4)} ${ms(quantile(values, 0.5))} ${ms(quantile(values, 0.99))}`
  return [
    `${'served again, ms after'.padEnd(34)}    n     p50     p99   alone: n     p50     p99`,
    ...recoveries.map(({ kind, all, alone }) => `${kind.padEnd(34)} ${figures(all)}      ${figures(alone)}`),
  ]
}

/** The first violations of each rule with everything that is known of their jobs. */
export function histories(violations: readonly Violation[], facts: Facts): string[] {
  const byRule = Map.groupBy(violations, ({ rule }) => rule)
  return [...byRule.values()]
    .flatMap((all) => all.slice(0, SHOWN_OF_RULE))
    .flatMap((violation) => [
      `✖ ${violation.rule}: ${[violation.token, violation.jobId].filter(Boolean).join(' ')}: ${violation.what}`,
      ...historyOf(violation, facts).map((text) => `    ${text}`),
    ])
}

function historyOf({ jobId, token }: Violation, { entries, jobs, events, attempts, told }: Facts): string[] {
  if (jobId === undefined && token === undefined) return []
  const its = jobs.filter((job) => job.id === jobId || (token !== undefined && job.token === token))
  const ids = new Set([jobId, ...its.map(({ id }) => id)])
  const tokens = new Set([token, ...its.map((job) => job.token)])
  const heard = new Set(told.map(({ id }) => id))
  const lines = [
    ...entries
      .filter((entry) => ids.has(entry.jobId) || (entry.token !== undefined && tokens.has(entry.token)))
      .map(line),
    ...its.map((job) => `job ${JSON.stringify(job)}`),
    ...attempts.filter((attempt) => ids.has(attempt.jobId)).map((attempt) => `attempt ${JSON.stringify(attempt)}`),
    ...events
      .filter((event) => ids.has(event.jobId))
      .map(({ at, seq, event, state, attempt, writer }) => {
        const silent = heard.has(seq) ? '' : ', reached no subscriber'
        return `event ${at.toISOString().slice(11, 23)} ${seq} ${event} ${state} attempt ${attempt} by ${writer}${silent}`
      }),
  ]
  return lines.length > HISTORY_MOST
    ? [...lines.slice(0, HISTORY_MOST), `… ${lines.length - HISTORY_MOST} more`]
    : lines
}

function tally<T>(all: readonly T[], by: (one: T) => string | undefined): string {
  const counts = new Map<string, number>()
  for (const one of all) {
    const key = by(one)
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([key, n]) => `${n} × ${key}`)
    .join(', ')
}

function ms(value: number): string {
  return (value === Infinity ? 'never' : value.toFixed(0)).padStart(7)
}
