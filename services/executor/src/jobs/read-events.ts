import type { StoredEvent } from '@warren/contracts'
import type { Database } from '@warren/database'
import { and, asc, eq, sql, type SQL } from 'drizzle-orm'
import { events } from '../db/schema.ts'
import { eventData } from './events.ts'

export interface EventFilter {
  readonly jobId?: string | undefined
  readonly processId?: string | undefined
  readonly owner?: string | undefined
  /** Cursor of the last event that is known: `<xid>-<seq>` */
  readonly after?: string | undefined
  readonly limit: number
}

/**
 * Committed events in their order. What a transaction wrote is left out until every older transaction has ended: so
 * nothing can appear before what was read once.
 */
export async function readEvents(
  db: Database['db'],
  { jobId, processId, owner, after, limit }: EventFilter,
): Promise<{ events: StoredEvent[]; now: string }> {
  const conditions: (SQL | undefined)[] = [
    sql`${events.xid} < pg_snapshot_xmin(pg_current_snapshot())`,
    after === undefined ? undefined : behind(after),
    jobId === undefined ? undefined : eq(events.jobId, jobId),
    processId === undefined ? undefined : eq(events.processId, processId),
    owner === undefined ? undefined : eq(events.owner, owner),
  ]
  // taken before the rows: what is committed between the two is read again rather than missed
  const [horizon] = await db.execute<{ xid: string }>(
    sql`select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)::text as xid`,
  )
  const rows = await db
    .select()
    .from(events)
    .where(and(...conditions))
    .orderBy(asc(events.xid), asc(events.seq))
    .limit(limit)
  const found = rows.map(({ xid, seq, event, at, data, ...row }) => ({
    cursor: `${xid}-${seq}`,
    seq,
    event,
    at: at.toISOString(),
    data: eventData({ ...row, data, notify: false }) as StoredEvent['data'],
  }))
  const last = rows.length === limit ? found.at(-1)?.cursor : undefined
  return { events: found, now: last ?? `${horizon?.xid ?? '0'}-${'9'.repeat(18)}` }
}

function behind(cursor: string): SQL {
  const [xid, seq] = cursor.split('-')
  return sql`(${events.xid}, ${events.seq}) > (${xid}::text::xid8, ${seq}::bigint)`
}
