import type { RecordKind } from '@warren/contracts'
import type { Sql } from 'postgres'

/** Neighbouring records of a job, as they are stored. */
export interface RecordRow {
  readonly jobId: string
  readonly kind: RecordKind
  readonly attempt: number
  readonly first: number
  readonly last: number
  readonly offset: number
  readonly bytes: number
  /** About what it takes of memory */
  readonly size: number
  /** JSON text of an array */
  readonly body: string
}

/** Where the records of a job end: number of the last one, and bytes of the text of the log. */
export interface RecordsEnd {
  readonly last: number
  readonly bytes: number
}

export async function readRecordsEnd(sql: Sql, jobId: string, kind: RecordKind): Promise<RecordsEnd> {
  const [row] = await sql<RecordsEnd[]>`
select last, ("offset" + bytes)::float8 as bytes
from executor.records
where job_id = ${jobId} and kind = ${kind}
order by last desc
limit 1`
  return row ?? { last: 0, bytes: 0 }
}

/**
 * Writes rows of records, unless another attempt has taken the place of theirs. Repeating it changes nothing. A run that
 * somebody waits for may have no job yet.
 *
 * n.b. a line feed parts the bodies, because JSON text has none: an array of texts would have every quote escaped
 */
export async function writeRecords(sql: Sql, rows: readonly RecordRow[]): Promise<void> {
  await sql`
insert into executor.records (job_id, kind, first, last, "offset", bytes, body)
select r.job_id, r.kind, r.first, r.last, r."offset", r.bytes, r.body::json
from unnest(
  ${rows.map(({ jobId }) => jobId)}::text[], ${rows.map(({ kind }) => kind)}::text[],
  ${rows.map(({ attempt }) => attempt)}::int[], ${rows.map(({ first }) => first)}::int[],
  ${rows.map(({ last }) => last)}::int[], ${rows.map(({ offset }) => offset)}::bigint[],
  ${rows.map(({ bytes }) => bytes)}::int[], string_to_array(${rows.map(({ body }) => body).join('\n')}::text, chr(10))
) as r(job_id, kind, attempt, first, last, "offset", bytes, body)
left join executor.jobs j on j.id = r.job_id
where j.id is null or j.attempt = r.attempt
on conflict do nothing`
}
