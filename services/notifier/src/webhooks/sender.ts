import { backoffMs, type Logger } from '@warren/mesh'
import type { Sql } from 'postgres'
import type { CountTry } from '../metrics.ts'
import type { Allowed } from './allowed.ts'
import { claimDeliveries, type Claimed } from './claim.ts'
import { post } from './post.ts'
import { returnDelivery, settleDelivery } from './settle.ts'

/** Sends messages when they are due. */
export interface Sender {
  /** There are new messages. */
  wake(): void
  /** Lets tries under way finish, for a while. */
  close(): Promise<void>
}

export interface SenderOptions {
  readonly allowed: Allowed
  readonly retryAfterMs: readonly number[]
  readonly secret: string
  readonly count: CountTry
}

const IN_ALL = 64
const PER_HOST = 4
const FAILURES_MOST = 5
const PAUSE_MOST_MS = 60_000
/** Longer than a try can take, and what is written after it. */
const LEASE_MS = 20_000
/** Messages of instances that are gone are found by looking. */
const POLL_MS = 1_000
/** Claims are not made more often: those that come meanwhile go together. */
const GATHER_MS = 10
const CLOSE_MS = 3_000

export function createSender(sql: Sql, log: Logger, { allowed, retryAfterMs, secret, count }: SenderOptions): Sender {
  const ladder = { retryAfterMs, failuresMost: FAILURES_MOST, pauseMostMs: PAUSE_MOST_MS }
  const underWay = new Map<Claimed, Promise<void>>()
  const stopping = new AbortController()
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let claiming: Promise<void> | undefined
  let again = false
  const poll = setInterval(wake, POLL_MS)
  wake()
  return { wake, close }

  function wake(): void {
    again = true
    if (!closed && !claiming) timer ??= setTimeout(start, GATHER_MS)
  }

  function start(): void {
    timer = undefined
    again = false
    claiming = claim()
      .catch(async (error: unknown) => {
        log.warn({ err: error }, 'webhooks wait for the database')
        await new Promise((resolve) => setTimeout(resolve, backoffMs(0, 1_000)))
      })
      .finally(() => {
        claiming = undefined
        if (again) wake()
      })
  }

  async function claim(): Promise<void> {
    const inAll = IN_ALL - underWay.size
    if (inAll <= 0) return // whoever finishes wakes
    const tries = [...underWay.keys()]
    const busy = new Map<string, number>()
    for (const { host } of tries) busy.set(host, (busy.get(host) ?? 0) + 1)
    const lanes = new Set(tries.map(({ lane }) => lane))
    const room = { busy, lanes, perHost: PER_HOST, inAll, failuresMost: FAILURES_MOST, leaseMs: LEASE_MS, secret }
    for (const claimed of await claimDeliveries(sql, room)) underWay.set(claimed, attempt(claimed))
  }

  async function attempt(claimed: Claimed): Promise<void> {
    const started = performance.now()
    try {
      const outcome = await post(claimed, allowed, stopping.signal)
      count(claimed.subscriptionId, performance.now() - started, outcome)
      if (stopping.signal.aborted && !outcome.delivered) return await returnDelivery(sql, claimed)
      const waitMs = await settleDelivery(sql, claimed, outcome, ladder)
      if (waitMs !== undefined && waitMs < POLL_MS) setTimeout(wake, waitMs)
      const { id, url, attempts } = claimed
      if (!outcome.delivered)
        log.info({ id, url, attempts, status: outcome.status, error: outcome.error }, 'webhook failed')
    } catch (error) {
      // the lease ends, and somebody tries again
      log.warn({ err: error, id: claimed.id }, 'what became of a webhook could not be written down')
    } finally {
      underWay.delete(claimed)
      wake()
    }
  }

  async function close(): Promise<void> {
    closed = true
    clearInterval(poll)
    clearTimeout(timer)
    await claiming
    const late = setTimeout(() => stopping.abort(), CLOSE_MS)
    await Promise.all(underWay.values())
    clearTimeout(late)
  }
}
