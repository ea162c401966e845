import { gt, inArray, lt, sql } from 'drizzle-orm'
import type { Context } from './context.ts'
import { executors } from './db/schema.ts'

/** How long an expired executor is kept, so that one that was only slow is known when it renews. */
const grace = sql`interval '1 minute'`

export const alive = gt(executors.leaseUntil, sql`now()`)

export function leaseEnd(leaseMs: number) {
  return sql`now() + ${leaseMs} * interval '1 millisecond'`
}

/** Forgets executors that have been gone for long. Never waits: rows that are being renewed or swept are skipped. */
export async function sweep(db: Context['db']): Promise<void> {
  const gone = db
    .select({ id: executors.id })
    .from(executors)
    .where(lt(executors.leaseUntil, sql`now() - ${grace}`))
    .for('update', { skipLocked: true })
  await db.delete(executors).where(inArray(executors.id, gone))
}
