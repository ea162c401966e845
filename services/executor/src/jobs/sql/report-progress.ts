import type { Sql } from 'postgres'
import type { WrittenEvent } from '../events.ts'

export interface ProgressReport {
  readonly id: string
  readonly attempt: number
  /** Whole percent */
  readonly percent: number
  readonly message: string | null
}

/** Writes how far running jobs are; a report that says nothing new, or comes too late, changes nothing. */
export async function reportProgress(
  sql: Sql,
  writer: string,
  reports: readonly ProgressReport[],
): Promise<WrittenEvent[]> {
  return await sql<WrittenEvent[]>`
with input as (
  select *
  from json_to_recordset(${JSON.stringify(reports)}::text::json) as r(id text, attempt int, percent int, message text)
), changed as (
  update executor.jobs j
  set progress = i.percent, message = coalesce(i.message, j.message), updated_at = now()
  from input i
  -- the array too: by the join alone the planner may walk through all jobs
  where j.id = any(array(select id from input))
    and j.id = i.id
    and j.attempt = i.attempt
    and j.state = 'running'
    and (j.progress <> i.percent or j.message is distinct from coalesce(i.message, j.message))
  returning j.id, j.process_id, j.owner, j.state, j.attempt, j.notify, i.percent, i.message
), told as (
  insert into executor.events (job_id, process_id, owner, event, state, attempt, at, writer, data)
  select
    id, process_id, owner, 'jobProgressed', state, attempt, now(), ${writer}::text,
    json_strip_nulls(json_build_object('progress', percent, 'message', message))
  from changed
  returning xid, seq, job_id, at, data
)
select
  told.xid::text, told.seq, changed.id as "jobId", changed.process_id as "processId", changed.owner,
  'jobProgressed' as event, changed.state, changed.attempt, told.at, told.data, changed.notify
from changed
join told on told.job_id = changed.id`
}
