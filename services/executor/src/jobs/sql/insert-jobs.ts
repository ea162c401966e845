import type { JobState } from '@warren/contracts'
import type { Sql } from 'postgres'
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

/** Members of a job as the statement takes them. */
const COLUMNS: Readonly<Record<Exclude<keyof NewJob, 'series'>, string>> = {
  id: 'text',
  process_id: 'text',
  process_version: 'text',
  owner: 'text',
  mode: 'text',
  state: 'text',
  priority: 'int',
  attempt: 'int',
  attempts_most: 'int',
  request: 'text',
  results: 'text',
  problem: 'text',
  executor_id: 'text',
  notify: 'boolean',
  traceparent: 'text',
  lease_ms: 'int',
  deadline: 'float8',
  age_ms: 'float8',
}

/** What a statement has to do: each pays for that alone. */
interface Task {
  /** Its one job comes as parameters: reading JSON takes Postgres as long as writing a row */
  readonly lone: boolean
  readonly unlessThere: boolean
  readonly numbered: boolean
  readonly claimed: boolean
}

/**
 * Writes jobs and what there is to tell about them, in one statement. One that nobody waits for and that runs at once was
 * accepted before: both are told.
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
  const numbered = jobs.some(({ series }) => series !== undefined)
  const lone = jobs.length === 1
  const text = textFor({ lone, unlessThere, numbered, claimed: jobs.some(isClaimed) })
  const values = lone ? valuesOf(jobs[0] as NewJob, numbered) : [JSON.stringify(jobs)]
  const rows = await sql.unsafe<InsertedRow[]>(text, [writer, ...values], { prepare: true })
  // of two with one id the first one is the job
  const given = new Map(jobs.toReversed().map((job) => [job.id, job]))
  return rows.map((row) => ({ ...row, ...toldOf(given.get(row.jobId) as NewJob, row.state) }))
}

const names = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]

function valuesOf(job: NewJob, numbered: boolean): (string | number | boolean | null)[] {
  const values = names.map((name) => job[name])
  return numbered ? [...values, job.series ?? null] : values
}

const texts = new Map<string, string>()

/** The same text for the same task: it is put together once, and Postgres has prepared it. */
function textFor(task: Task): string {
  const key = Object.values(task).join()
  const known = texts.get(key)
  if (known !== undefined) return known
  const text = insertText(task)
  texts.set(key, text)
  return text
}

function insertText({ lone, unlessThere, numbered, claimed }: Task): string {
  const { numbers = '', columns = '', values = '', number = '', told = '' } = numbered ? NUMBERING : {}
  const taken = numbered ? { ...COLUMNS, series: 'text' } : COLUMNS
  return `
with input as (
  select *, now() - age_ms * interval '1 ms' as created from ${lone ? oneOf(taken) : manyOf(taken)}
) ${numbers}, inserted as (
  insert into executor.jobs (
    id, process_id, process_version, owner, mode, state, priority, attempt, attempts_most, request, results, problem,
    executor_id, notify, traceparent, lease_until, deadline_at, created_at, started_at, claimed_at, finished_at,
    updated_at, progress ${columns}
  )
  select
    id, process_id, process_version, owner, mode, state, priority, attempt, attempts_most, request::json, results::json,
    problem::json, executor_id, notify, traceparent, now() + lease_ms * interval '1 ms', to_timestamp(deadline / 1000),
    created, case when attempt > 0 then created end, case when attempt > 0 then created end,
    case when state in ('successful', 'failed', 'dismissed') then now() end, now(),
    case when state = 'successful' then 100 else 0 end ${values}
  from input
  ${unlessThere ? 'on conflict (id) do nothing' : ''}
  returning id, process_id, owner, state, attempt, mode ${number}
)
insert into executor.events (job_id, process_id, owner, event, state, attempt, at, writer)
${claimed ? ACCEPTED : ''}
select id, process_id, owner, ${eventOfState}, state, attempt, now(), $1::text from inserted
returning xid::text, seq, job_id as "jobId", at ${claimed ? ', state' : ''} ${told}`
}

/** `$1` is the writer. */
function oneOf(columns: Readonly<Record<string, string>>): string {
  const values = Object.values(columns).map((type, n) => `$${n + 2}::${type}`)
  return `(values (${values.join(', ')})) as r(${Object.keys(columns).join(', ')})`
}

function manyOf(columns: Readonly<Record<string, string>>): string {
  const fields = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
  return `json_to_recordset($2::text::json) as r(${fields.join(', ')})`
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
const ACCEPTED = `
select id, process_id, owner, '${beginnings.queued}', 'queued', 0, now(), $1::text
from inserted
where mode = 'async' and state = 'running'
union all`

/** What jobs of a series need. Whoever else numbers jobs of it waits until this statement is committed. */
const NUMBERING = {
  // in one order: two statements never wait for each other
  numbers: `, counted as (
  insert into executor.series as s (name, last)
  select series, count(*) from input where series is not null group by series order by series
  on conflict (name) do update set last = s.last + excluded.last
  returning name, last
), numbers as (
  select id, last + 1 - row_number() over (partition by series order by created desc) as number
  from input join counted on name = series
)`,
  columns: ', series, number',
  values: ', series, (select number from numbers where numbers.id = input.id)',
  number: ', number',
  told: ', (select inserted.number from inserted where inserted.id = job_id) as number',
}
