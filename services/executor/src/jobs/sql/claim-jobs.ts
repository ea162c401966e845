import type { Sql } from 'postgres'
import type { WrittenEvent } from '../events.ts'

export interface Claim {
  /** Process id → the version that runs here */
  readonly offers: ReadonlyMap<string, string>
  readonly limit: number
  readonly executorId: string
  readonly leaseMs: number
}

export interface ClaimedJob extends WrittenEvent {
  readonly owner: string
  readonly attemptsMost: number
  /** JSON text */
  readonly request: string
  readonly deadlineAt: Date | null
}

/**
 * Takes the best queued jobs of the offered processes: highest priority first, then the oldest. Two executors never
 * take the same job, and never wait for each other; the reserve lets one look past the candidates that another locks.
 */
export async function claimJobs(
  sql: Sql,
  writer: string,
  { offers, limit, executorId, leaseMs }: Claim,
): Promise<ClaimedJob[]> {
  const reserve = limit + 16
  return await sql<ClaimedJob[]>`
with offer as (
  select * from unnest(${[...offers.keys()]}::text[], ${[...offers.values()]}::text[]) as o(process_id, version)
), candidate as (
  select c.id
  from offer
  cross join lateral (
    select id from executor.jobs j
    where j.process_id = offer.process_id and j.state = 'queued'
    order by j.priority desc, j.created_at
    limit ${reserve}::int
  ) c
), best as (
  select id from executor.jobs
  -- the state as a parameter: as a literal it would invite the planner to walk the whole index of queued jobs
  where id = any(array(select id from candidate)) and state = ${'queued'}::text
  order by priority desc, created_at
  limit ${limit}::int
  for update skip locked
), taken as (
  update executor.jobs j
  set
    state = 'running',
    revision = j.revision + 1,
    attempt = j.attempt + 1,
    executor_id = ${executorId}::text,
    process_version = offer.version,
    lease_until = now() + ${leaseMs}::int * interval '1 ms',
    started_at = coalesce(j.started_at, now()),
    updated_at = now()
  from best, offer
  where j.id = best.id and offer.process_id = j.process_id
  returning j.id, j.process_id, j.state, j.attempt, j.attempts_most, j.owner, j.request, j.deadline_at
), told as (
  insert into executor.events (job_id, process_id, event, state, attempt, at, writer)
  select id, process_id, 'jobStarted', state, attempt, now(), ${writer}::text from taken
  returning seq, job_id, at
)
select
  told.seq, taken.id as "jobId", taken.process_id as "processId", 'jobStarted' as event, taken.state, taken.attempt, told.at,
  taken.owner, taken.attempts_most as "attemptsMost", taken.request::text as request, taken.deadline_at as "deadlineAt"
from taken
join told on told.job_id = taken.id`
}
