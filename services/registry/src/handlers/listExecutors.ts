import { registry } from '@warren/contracts'
import { asc, eq, sql } from 'drizzle-orm'
import { handle } from '../context.ts'
import { executors, offers } from '../db/schema.ts'
import { alive } from '../lease.ts'

export const listExecutors = handle(registry.operations.listExecutors, async ({ context: { db } }) => {
  const offered = db
    .select({
      refs: sql`coalesce(json_agg(
        json_build_object('id', ${offers.processId}, 'version', ${offers.version})
        order by ${offers.processId}, ${offers.version}
      ), '[]')`,
    })
    .from(offers)
    .where(eq(offers.executorId, executors.id))
  const rows = await db
    .select({
      id: executors.id,
      slots: executors.slots,
      startedAt: executors.startedAt,
      leaseUntil: executors.leaseUntil,
      refused: executors.refused,
      unavailable: executors.unavailable,
      offers: sql<{ id: string; version: string }[]>`(${offered})`,
    })
    .from(executors)
    .where(alive)
    .orderBy(asc(executors.id))
  return {
    executors: rows.map(({ startedAt, leaseUntil, ...rest }) => {
      return { ...rest, startedAt: startedAt.toISOString(), leaseUntil: leaseUntil.toISOString() }
    }),
  }
})
