import { WarrenError } from '@warren/contracts'
import { and, eq, gt, gte, inArray, lt, sql } from 'drizzle-orm'
import type { Context } from './context.ts'
import { failedLogIns } from './db/schema.ts'

/** Failures under one name in one minute; then the name rests until the minute is over. */
const MOST = 10

const { name: named, failures, since } = failedLogIns
const minuteAgo = sql`now() - interval '1 minute'`

/** @throws WarrenError TOO_MANY_ATTEMPTS */
export async function refuseTooMany(db: Context['db'], name: string): Promise<void> {
  const [resting] = await db
    .select({ leftS: sql<number>`ceil(extract(epoch from ${since} - (${minuteAgo})))::int` })
    .from(failedLogIns)
    .where(and(eq(named, name), gte(failures, MOST), gt(since, minuteAgo)))
  if (resting) throw tooMany(resting.leftS)
}

/**
 * Counts one, and forgets those of long ago.
 *
 * @throws WarrenError TOO_MANY_ATTEMPTS when others were counted while this one was tried
 */
export async function countFailure(db: Context['db'], name: string): Promise<void> {
  const isRecent = gt(since, minuteAgo)
  const [counted] = await db
    .insert(failedLogIns)
    .values({ name, failures: 1 })
    .onConflictDoUpdate({
      target: named,
      set: {
        failures: sql`case when ${isRecent} then ${failures} + 1 else 1 end`,
        since: sql`case when ${isRecent} then ${since} else now() end`,
      },
    })
    .returning({ failures })
  const over = db
    .select({ name: named })
    .from(failedLogIns)
    .where(lt(since, minuteAgo))
    .for('update', { skipLocked: true })
  await db.delete(failedLogIns).where(inArray(named, over))
  if (counted && counted.failures > MOST) throw tooMany(60)
}

function tooMany(retryAfter: number): WarrenError {
  return new WarrenError('TOO_MANY_ATTEMPTS', 'Too many failed attempts to log in under this name', { retryAfter })
}
