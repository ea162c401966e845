import { eq, sql } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { subscriptions } from '../db/schema.ts'

type Transaction = PgDatabase<PgQueryResultHKT>

/** Changes of the patterns in use take turns, also those of other instances: the queue that is bound is one. */
export async function lockBindings(transaction: Pick<Transaction, 'execute'>): Promise<void> {
  await transaction.execute(sql`select pg_advisory_xact_lock(hashtextextended('warren.notifier.bindings', 0))`)
}

/** The patterns that some subscription wants, each once. */
export async function patternsInUse(transaction: Pick<Transaction, 'select'>): Promise<Set<string>> {
  const rows = await transaction
    .select({ patterns: subscriptions.patterns })
    .from(subscriptions)
    .where(eq(subscriptions.enabled, true))
  return new Set(rows.flatMap(({ patterns }) => patterns))
}
