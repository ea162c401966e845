import type { JobState, StoredEvent } from '@warren/contracts'
import type { Database } from '@warren/database'
import { sql, type SQL } from 'drizzle-orm'
import { eventData } from './events.ts'

export interface EventFilter {
  readonly jobId?: string | undefined
  readonly processId?: string | undefined
  readonly owner?: string | undefined
  /** Cursor of the last event that is known: `<xid>-<seq>` */
  readonly after?: string | undefined
  readonly limit: number
}

interface Row extends Record<string, unknown> {
  readonly horizon: string
  /** null: there is no event */
  readonly xid: string | null
  readonly seq: string
  readonly job_id: string
  readonly process_id: string
  readonly owner: string
  readonly event: string
  readonly state: JobState
  readonly attempt: number
  /** Epoch ms */
  readonly at: number
  /** JSON text */
  readonly data: string | null
}

/** Behind every number of the transactions that are read: nothing of them is going to follow. */
const BEHIND_ALL = '9'.repeat(18)
/** Of a bigint */
const MOST = 2n ** 63n - 1n

/**
 * Committed events in their order. What a transaction wrote is left out until every older transaction has ended: so
 * nothing can appear before what was read once. One statement, because the horizon and the rows must be of one moment.
 */
export async function readEvents(
  db: Database['db'],
  filter: EventFilter,
): Promise<{ events: StoredEvent[]; now: string }> {
  const { after = '0-0', limit } = filter
  const [xid = '0', seq = '0'] = after.split('-')
  const rows = await db.execute<Row>(sql`
with horizon as (
  select pg_snapshot_xmin(pg_current_snapshot()) as xid
)
select
  (horizon.xid::text::numeric - 1)::text as horizon, e.xid::text, e.seq::text, e.job_id, e.process_id, e.owner, e.event,
  e.state, e.attempt, (extract(epoch from e.at) * 1000)::float8 as at, e.data::text
from horizon
left join lateral (
  select *
  from ${candidates(filter)} c
  where c.xid < horizon.xid and (c.xid, c.seq) > (${xid}::text::xid8, ${BigInt(seq) > MOST ? String(MOST) : seq}::text::bigint)
  order by c.xid, c.seq
  limit ${limit}
) e on true
order by e.xid, e.seq`)
  const events = rows.flatMap((row) => (row.xid === null ? [] : [present(row)]))
  const now = `${rows[0]?.horizon ?? '0'}-${BEHIND_ALL}`
  return { events, now: events.length === limit ? (events.at(-1) as StoredEvent).cursor : now }
}

/**
 * Those of one job by the index of jobs, whatever the planner thinks of a table that has just grown; the others along
 * the order itself, as their readers begin near its end.
 */
function candidates({ jobId, processId, owner }: EventFilter): SQL {
  const conditions = [
    ...(jobId === undefined ? [] : [sql`job_id = ${jobId}`]),
    ...(processId === undefined ? [] : [sql`process_id = ${processId}`]),
    ...(owner === undefined ? [] : [sql`owner = ${owner}`]),
  ]
  if (conditions.length === 0) return sql`executor.events`
  const fence = jobId === undefined ? sql`` : sql`offset 0`
  return sql`(select * from executor.events where ${sql.join(conditions, sql` and `)} ${fence})`
}

function present({ xid, seq, job_id, process_id, owner, event, state, attempt, at, data }: Row): StoredEvent {
  const more = data === null ? null : (JSON.parse(data) as Record<string, unknown>)
  return {
    cursor: `${xid}-${seq}`,
    seq: Number(seq),
    event,
    at: new Date(at).toISOString(),
    data: eventData({
      jobId: job_id,
      processId: process_id,
      owner,
      state,
      attempt,
      data: more,
      notify: false,
    }) as StoredEvent['data'],
  }
}
