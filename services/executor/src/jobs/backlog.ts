import { WarrenError } from '@warren/contracts'
import type { Sql } from 'postgres'

/** How many jobs of each owner wait. */
export interface Backlog {
  /** Counts one more. @throws WarrenError TOO_MANY */
  admit(owner: string): Promise<void>
}

const FRESH_MS = 1_000
const RETRY_AFTER_S = 5

/**
 * A bound for each owner, so that one who submits without end fills neither the table nor the patience of others. The
 * counts are a second old at most, plus what this executor admitted since: the bound holds about, and costs nothing.
 */
export function createBacklog(sql: Sql, most: number): Backlog {
  let counts = new Map<string, number>()
  let countedAt = -Infinity
  let counting: Promise<void> | undefined
  return { admit }

  async function admit(owner: string): Promise<void> {
    if (performance.now() - countedAt > FRESH_MS) {
      counting ??= count().finally(() => (counting = undefined))
      // only who is near the bound has to wait for the newest figure
      if ((counts.get(owner) ?? 0) >= most / 2 || countedAt === -Infinity) await counting
      else counting.catch(() => {})
    }
    const waiting = counts.get(owner) ?? 0
    if (waiting >= most) {
      throw new WarrenError('TOO_MANY', `${waiting} jobs of yours wait already; the most is ${most}`, {
        retryAfter: RETRY_AFTER_S,
      })
    }
    counts.set(owner, waiting + 1)
  }

  async function count(): Promise<void> {
    const rows = await sql<{ owner: string; jobs: string }[]>`
select owner, count(*) as jobs from executor.jobs where state = 'queued' group by owner`
    counts = new Map(rows.map(({ owner, jobs }) => [owner, Number(jobs)]))
    countedAt = performance.now()
  }
}
