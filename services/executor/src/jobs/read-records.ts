import type { LogLine, MetricPoint, RecordKind } from '@warren/contracts'
import type { Database } from '@warren/database'
import { sql } from 'drizzle-orm'

/** One answer carries about so much: text, and some for each record. */
const MOST_BYTES = 131_072
const EACH_BYTES = 64
/** and so many rows, as a log that trickles has a line in each */
const MOST_ROWS = 1_000

export interface RecordFilter {
  readonly jobId: string
  readonly kind: RecordKind
  /** Number of the last line or point that is known */
  readonly after: number
  /** Byte of the text of the whole log, instead: the line that it is in comes first */
  readonly offset?: number | undefined
}

export interface RecordPage {
  readonly records: (LogLine | MetricPoint)[]
  /** Byte of the text of the whole log at which the first record begins */
  readonly offset: number
  /** Bytes of the text of the whole log now */
  readonly bytes: number
  /** There is more to read at once. */
  readonly more: boolean
}

interface Row extends Record<string, unknown> {
  /** null: there is no row that is wanted */
  readonly last: number | null
  readonly offset: number
  /** JSON text */
  readonly body: string
  /** Of the last row of all */
  readonly end: number
  readonly bytes: number
}

/** Log lines or metric points of a job, in their order; the text of a log is its lines, each with a line feed. */
export async function readRecords(
  db: Database['db'],
  { jobId, kind, after, offset }: RecordFilter,
): Promise<RecordPage> {
  const from = offset === undefined ? sql`last > ${after}` : sql`"offset" + bytes > ${offset}`
  const rows = await db.execute<Row>(sql`
with final as (
  select last, ("offset" + bytes)::float8 as bytes
  from executor.records
  where job_id = ${jobId} and kind = ${kind}
  order by last desc
  limit 1
), wanted as (
  select last, bytes + (last - first + 1) * ${EACH_BYTES}::int as weight
  from executor.records
  where job_id = ${jobId} and kind = ${kind} and ${from}
  order by last
  limit ${MOST_ROWS}
), weighed as (
  select last, sum(weight) over (order by last) - weight as before from wanted
)
select r.last, r."offset"::float8 as offset, r.body::text, final.last as end, final.bytes
from final
left join (
  select r.*
  from weighed
  join executor.records r on r.job_id = ${jobId} and r.kind = ${kind} and r.last = weighed.last
  where weighed.before < ${MOST_BYTES}
) r on true
order by r.last`)
  const [first] = rows
  if (!first) return { records: [], offset: 0, bytes: 0, more: false }
  if (first.last === null) return { records: [], offset: first.bytes, bytes: first.bytes, more: false }
  const all = rows.flatMap(({ body }) => JSON.parse(body) as (LogLine | MetricPoint)[])
  let begin = first.offset
  let skip = 0
  for (const record of all) {
    const bytes = textBytes(record)
    if (offset === undefined ? record.no > after : begin + bytes > offset) break
    begin += bytes
    skip++
  }
  return {
    records: all.slice(skip),
    offset: begin,
    bytes: first.bytes,
    more: (rows.at(-1)?.last ?? first.end) < first.end,
  }
}

/** What a record adds to the text of the log. */
export function textBytes(record: LogLine | MetricPoint): number {
  return 'line' in record ? Buffer.byteLength(record.line) + 1 : 0
}
