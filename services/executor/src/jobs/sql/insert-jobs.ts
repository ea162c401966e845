import type { JobState } from '@warren/contracts'
import type { PendingQuery, Row, Sql } from 'postgres'
import type { WrittenEvent } from '../events.ts'
import { beginnings } from '../transitions.ts'

export interface NewJob {
  readonly id: string
  readonly process_id: string
  readonly process_version: string | null
  readonly owner: string
  readonly mode: 'sync' | 'async'
  readonly state: JobState
  readonly priority: number
  readonly attempt: number
  readonly attempts_most: number
  /** JSON text */
  readonly request: string
  /** JSON text */
  readonly results: string | null
  /** JSON text */
  readonly problem: string | null
  readonly executor_id: string | null
  readonly notify: boolean
  readonly traceparent: string | null
  /** null: nobody holds it */
  readonly lease_ms: number | null
  /** Epoch ms */
  readonly deadline: number | null
  /** How long ago it was accepted, ms: the times are the database's, the difference is ours. */
  readonly age_ms: number
  /** It gets the next number of this series. */
  readonly series?: string | undefined
}

export interface InsertedJob extends WrittenEvent {
  readonly at: Date
  /** In its series */
  readonly number?: number | null
}

/**
 * Writes jobs and what there is to tell about them, in one statement. One that nobody waits for and that runs at once was
 * accepted before: both are told. Jobs without a series pay nothing for those that have one, nor others for those that
 * run at once.
 *
 * @param unlessThere a job whose id is there already stays as it is, and no event comes back for it; to look for it in
 *   every row takes time, and hardly any job is there
 * @throws unless told so, what `isThere` knows
 */
export async function insertJobs(
  sql: Sql,
  writer: string,
  jobs: readonly NewJob[],
  unlessThere: boolean,
): Promise<InsertedJob[]> {
  const parts = jobs.some(({ series }) => series !== undefined) ? numbering(sql) : plain(sql)
  const claimed = jobs.some(isClaimed) ? claiming(sql, writer) : { accepted: sql``, state: sql`` }
  const rows = await sql<InsertedRow[]>`
with input as (
  select *, now() - age_ms * interval '1 ms' as created
  from json_to_recordset(${JSON.stringify(jobs)}::text::json) as r(
    id text, process_id text, process_version text, owner text, mode text, state text, priority int, attempt int,
    attempts_most int, request text, results text, problem text, executor_id text, notify boolean, traceparent text,
    lease_ms int, deadline float8, age_ms float8 ${parts.field}
  )
) ${parts.numbers}, inserted as (
  insert into executor.jobs (
    id, process_id, process_version, owner, mode, state, priority, attempt, attempts_most, request, results, problem,
    executor_id, notify, traceparent, lease_until, deadline_at, created_at, started_at, claimed_at, finished_at,
    updated_at, progress ${parts.columns}
  )
  select
    id, process_id, process_version, owner, mode, state, priority, attempt, attempts_most, request::json, results::json,
    problem::json, executor_id, notify, traceparent, now() + lease_ms * interval '1 ms', to_timestamp(deadline / 1000),
    created, case when attempt > 0 then created end, case when attempt > 0 then created end,
    case when state in ('successful', 'failed', 'dismissed') then now() end, now(),
    case when state = 'successful' then 100 else 0 end ${parts.values}
  from input
  ${unlessThere ? sql`on conflict (id) do nothing` : sql``}
  returning id, process_id, owner, state, attempt, mode ${parts.number}
)
insert into executor.events (job_id, process_id, owner, event, state, attempt, at, writer)
${claimed.accepted}
select id, process_id, owner, ${sql.unsafe(eventOfState)}, state, attempt, now(), ${writer}::text from inserted
returning xid::text, seq, job_id as "jobId", at ${claimed.state} ${parts.told}`
  // of two with one id the first one is the job
  const given = new Map(jobs.toReversed().map((job) => [job.id, job]))
  return rows.map((row) => ({ ...row, ...toldOf(given.get(row.jobId) as NewJob, row.state) }))
}

const eventOfState = `case state ${Object.entries(beginnings)
  .map(([state, event]) => `when '${state}' then '${event}'`)
  .join(' ')} end`

/** One of the jobs is there already; none was written. */
export function isThere(error: unknown): boolean {
  const { code, constraint_name: constraint } = error as { code?: unknown; constraint_name?: unknown }
  return code === '23505' && constraint === 'jobs_pkey'
}

type Returned = 'xid' | 'seq' | 'jobId' | 'at' | 'number'

interface InsertedRow extends Pick<InsertedJob, Returned> {
  /** Where it need not be that of the job */
  readonly state?: JobState
}

/** What the rows need not say: it is as it was given. */
function toldOf(job: NewJob, told: JobState = job.state): Omit<InsertedJob, Returned> {
  const { process_id: processId, owner, state, attempt, notify } = job
  const same = { processId, owner, data: null, notify }
  if (told === state) return { ...same, event: beginnings[state], state, attempt }
  return { ...same, event: beginnings[told], state: told, attempt: 0, isClaimed: true }
}

function isClaimed({ mode, state }: NewJob): boolean {
  return mode === 'async' && state === 'running'
}

/** All are accepted before any of them starts. */
function claiming(sql: Sql, writer: string): Readonly<Record<'accepted' | 'state', PendingQuery<Row[]>>> {
  return {
    accepted: sql`
select id, process_id, owner, ${beginnings.queued}::text, 'queued', 0, now(), ${writer}::text
from inserted
where mode = 'async' and state = 'running'
union all`,
    state: sql`, state`,
  }
}

type Parts = Readonly<Record<'field' | 'numbers' | 'columns' | 'values' | 'number' | 'told', PendingQuery<Row[]>>>

function plain(sql: Sql): Parts {
  const nothing = sql``
  return { field: nothing, numbers: nothing, columns: nothing, values: nothing, number: nothing, told: nothing }
}

/** Whoever else numbers jobs of a series waits until this statement is committed. */
function numbering(sql: Sql): Parts {
  return {
    field: sql`, series text`,
    // in one order: two statements never wait for each other
    numbers: sql`, counted as (
  insert into executor.series as s (name, last)
  select series, count(*) from input where series is not null group by series order by series
  on conflict (name) do update set last = s.last + excluded.last
  returning name, last
), numbers as (
  select id, last + 1 - row_number() over (partition by series order by created desc) as number
  from input join counted on name = series
)`,
    columns: sql`, series, number`,
    values: sql`, series, (select number from numbers where numbers.id = input.id)`,
    number: sql`, number`,
    told: sql`, (select inserted.number from inserted where inserted.id = job_id) as number`,
  }
}
