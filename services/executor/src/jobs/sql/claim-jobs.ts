import type { Sql } from 'postgres'
import type { WrittenEvent } from '../events.ts'

export interface Claim {
  /** Process id → the version that runs here */
  readonly offers: ReadonlyMap<string, string>
  readonly limit: number
  readonly executorId: string
  readonly leaseMs: number
  /** Jobs of one owner that may run at a time, on all executors together; null: any number */
  readonly mostOfOwner: number | null
  /** Processes whose jobs have files to fetch before they run */
  readonly staging?: readonly string[]
}

export interface ClaimedJob extends WrittenEvent {
  readonly failures: number
  readonly attemptsMost: number
  /** JSON text */
  readonly request: string
  /** State that an earlier attempt saved; JSON text */
  readonly checkpoint: string | null
  readonly traceparent: string | null
  readonly deadlineAt: Date | null
}

/**
 * Takes the best queued jobs of the offered processes: the highest priority first; among those the owner who has the
 * fewest jobs running, counting what is taken now; then the oldest. Two executors never take the same job, and never
 * wait for each other; a reserve of 16 candidates, shared by the owners, lets one look past those that another locks.
 *
 * Processes with queued jobs, and their owners, are found by skipping through the index from one to the next: so somebody
 * with one job is seen behind somebody with a hundred thousand, and a process that nobody queues for costs nothing.
 */
export async function claimJobs(
  sql: Sql,
  writer: string,
  { offers, limit, executorId, leaseMs, mostOfOwner, staging = [] }: Claim,
): Promise<ClaimedJob[]> {
  return await sql<ClaimedJob[]>`
with recursive offer as (
  select * from unnest(${[...offers.keys()]}::text[], ${[...offers.values()]}::text[]) as o(process_id, version)
), queued_of as (
  (select process_id, owner from executor.jobs where state = 'queued' order by process_id, owner limit 1)
  union all
  select n.process_id, n.owner
  from queued_of q
  cross join lateral (
    select process_id, owner from executor.jobs j
    where j.state = 'queued' and (j.process_id, j.owner) > (q.process_id, q.owner)
    order by j.process_id, j.owner
    limit 1
  ) n
), running_of as (
  select owner, count(*) as jobs from executor.jobs where lease_until is not null and state <> 'paused' group by owner
), candidate as (
  select
    c.id, c.priority, c.created_at,
    row_number() over (partition by q.owner order by c.priority desc, c.created_at) + coalesce(r.jobs, 0) as share
  from queued_of q
  join offer on offer.process_id = q.process_id
  left join running_of r on r.owner = q.owner
  cross join lateral (
    select id, priority, created_at from executor.jobs j
    where j.process_id = q.process_id
      and j.owner = q.owner
      and j.state = 'queued'
      and j.desired = 'run'
      and (j.run_after is null or j.run_after <= now())
    order by j.priority desc, j.created_at
    limit ${limit}::int + 1 + 16 / (select count(*) from queued_of)
  ) c
), ranked as (
  select id, row_number() over (order by priority desc, share, created_at) as place
  from candidate
  where share <= coalesce(${mostOfOwner}::bigint, share)
), best as (
  -- the state as a parameter: else the planner may walk through all queued jobs
  select j.id
  from ranked
  join executor.jobs j on j.id = ranked.id and j.state = ${'queued'}::text
  order by ranked.place
  limit ${limit}::int
  for update of j skip locked
), taken as (
  update executor.jobs j
  set
    state = case
      when j.process_id = any(${staging}::text[]) or j.request -> 'warren' -> 'files' is not null then 'staging'
      else 'running'
    end,
    revision = j.revision + 1,
    attempt = j.attempt + 1,
    executor_id = ${executorId}::text,
    process_version = offer.version,
    lease_until = now() + ${leaseMs}::int * interval '1 ms',
    started_at = coalesce(j.started_at, now()),
    claimed_at = now(),
    run_after = null,
    updated_at = now()
  from best, offer
  where j.id = best.id and offer.process_id = j.process_id
  returning
    j.id, j.process_id, j.state, j.attempt, j.failures, j.attempts_most, j.owner, j.request, j.checkpoint, j.traceparent,
    j.deadline_at, j.notify, case j.state when 'staging' then 'jobClaimed' else 'jobStarted' end as event,
    nextval('executor.events_seq_seq') as seq
), told as (
  insert into executor.events (seq, job_id, process_id, owner, event, state, attempt, at, writer)
  overriding system value
  select seq, id, process_id, owner, event, state, attempt, now(), ${writer}::text from taken
)
select
  pg_current_xact_id()::text as xid, seq, id as "jobId", process_id as "processId", owner, event, state, attempt,
  now() as at, null as data, notify, failures, attempts_most as "attemptsMost", request::text as request,
  checkpoint::text as checkpoint, traceparent, deadline_at as "deadlineAt"
from taken`
}
