import type { LogLine, MetricPoint, RecordKind } from '@warren/contracts'
import type { Database } from '@warren/database'
import { and, asc, desc, eq, gt, sql } from 'drizzle-orm'
import { records } from '../db/schema.ts'

/** One answer carries about so much text. */
const MOST_BYTES = 262_144

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

/** Log lines or metric points of a job, in their order; the text of a log is its lines, each with a line feed. */
export async function readRecords(
  db: Database['db'],
  { jobId, kind, after, offset }: RecordFilter,
): Promise<RecordPage> {
  const ofJob = and(eq(records.jobId, jobId), eq(records.kind, kind))
  const [end] = await db
    .select({ bytes: sql<number>`(${records.offset} + ${records.bytes})::float8`, last: records.last })
    .from(records)
    .where(ofJob)
    .orderBy(desc(records.last))
    .limit(1)
  if (!end) return { records: [], offset: 0, bytes: 0, more: false }
  const from = offset === undefined ? gt(records.last, after) : sql`${records.offset} + ${records.bytes} > ${offset}`
  const running = sql<number>`sum(${records.bytes}) over (order by ${records.last}) - ${records.bytes}`
  const numbered = db
    .select({ last: records.last, before: running.as('before') })
    .from(records)
    .where(and(ofJob, from))
    .as('numbered')
  const rows = await db
    .select({ first: records.first, last: records.last, offset: records.offset, body: records.body })
    .from(records)
    .innerJoin(numbered, eq(numbered.last, records.last))
    .where(and(ofJob, sql`${numbered.before} < ${MOST_BYTES}`))
    .orderBy(asc(records.last))
  const all = rows.flatMap(({ body }) => body as (LogLine | MetricPoint)[])
  let begin = rows[0]?.offset ?? end.bytes
  let skip = 0
  for (const record of all) {
    const bytes = textBytes(record)
    if (offset === undefined ? record.no > after : begin + bytes > offset) break
    begin += bytes
    skip++
  }
  return { records: all.slice(skip), offset: begin, bytes: end.bytes, more: (rows.at(-1)?.last ?? end.last) < end.last }
}

/** What a record adds to the text of the log. */
export function textBytes(record: LogLine | MetricPoint): number {
  return 'line' in record ? Buffer.byteLength(record.line) + 1 : 0
}
