import type { Sql } from 'postgres'
import type { Claimed } from './claim.ts'
import type { Outcome } from './post.ts'

const GONE = 410
const ERROR_MOST = 500

export interface Ladder {
  readonly retryAfterMs: readonly number[]
  readonly failuresMost: number
  /** A failing receiver is asked again after this at the latest. */
  readonly pauseMostMs: number
}

/** Writes down what became of a try, and gives the ms until the next one, or nothing. */
export async function settleDelivery(
  sql: Sql,
  claimed: Claimed,
  outcome: Outcome,
  ladder: Ladder,
): Promise<number | undefined> {
  const { id, attempts, tries, subscriptionId } = claimed
  const { delivered, status, error } = outcome
  const waitMs = outcome.hopeless ? undefined : jittered(ladder.retryAfterMs[tries - 1])
  const state = delivered ? 'delivered' : waitMs === undefined ? 'parked' : 'pending'
  await sql`
update notifier.deliveries
set state = ${state}, last_status = ${status}, last_error = ${error?.slice(0, ERROR_MOST) ?? null},
  delivered_at = case when ${delivered} then now() end,
  next_at = case when ${state === 'pending'} then now() + ${waitMs ?? 0} * interval '1 ms' end
where id = ${id} and attempts = ${attempts} and state = 'pending'`
  if (subscriptionId === null) return delivered ? undefined : waitMs
  if (status === GONE) await disable(sql, subscriptionId)
  else if (delivered)
    await sql`
update notifier.subscriptions set failures = 0, paused_until = null where id = ${subscriptionId} and failures > 0`
  else await pause(sql, subscriptionId, ladder)
  return delivered ? undefined : waitMs
}

/** A try that this instance cannot finish: it is due at once, and does not count. */
export async function returnDelivery(sql: Sql, { id, attempts }: Claimed): Promise<void> {
  await sql`
update notifier.deliveries set next_at = now(), attempts = attempts - 1, tries = greatest(tries - 1, 0)
where id = ${id} and attempts = ${attempts} and state = 'pending'`
}

/** The receiver is gone for good: nothing is sent to it any more. */
async function disable(sql: Sql, subscriptionId: string): Promise<void> {
  await sql`update notifier.subscriptions set enabled = false where id = ${subscriptionId}`
  await sql`
update notifier.deliveries set state = 'parked', next_at = null, last_error = coalesce(last_error, 'the receiver is gone')
where subscription_id = ${subscriptionId} and state = 'pending'`
}

/** A receiver that fails again and again is left alone for longer and longer, however many messages wait for it. */
async function pause(sql: Sql, subscriptionId: string, ladder: Ladder): Promise<void> {
  const steps = ladder.retryAfterMs.map((ms) => Math.min(jittered(ms) ?? 0, ladder.pauseMostMs))
  await sql`
update notifier.subscriptions
set failures = failures + 1,
  paused_until = case when failures + 1 >= ${ladder.failuresMost} then now() + interval '1 ms' *
    (${steps}::float8[])[least(failures + 2 - ${ladder.failuresMost}, ${steps.length})] end
where id = ${subscriptionId}`
}

/** Half to one and a half of it: those that failed together do not come back together. */
function jittered(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * (0.5 + Math.random()))
}
