import type { Sql } from 'postgres'

/** A job whose executor did not renew its lease */
export interface ExpiredJob extends WaitingJob {
  readonly attempt: number
  readonly failures: number
  readonly attempts_most: number
}

/** A job, and what somebody wants of it */
export interface WaitingJob {
  readonly id: string
  readonly desired: 'run' | 'pause' | 'stop'
}

/** A statement finds so many at a time. Each reads what it finds and little else, however many jobs wait. */
const MOST = 200

export async function findExpired(sql: Sql): Promise<ExpiredJob[]> {
  return await sql<ExpiredJob[]>`
select id, attempt, failures, attempts_most, desired from executor.jobs where lease_until < now() limit ${MOST}`
}

/** Jobs that nobody works on, and nobody may start any more */
export async function findOverdue(sql: Sql): Promise<WaitingJob[]> {
  return await sql<WaitingJob[]>`
select id, desired from executor.jobs
where state in ('created', 'queued', 'paused') and deadline_at < now() and lease_until is null
limit ${MOST}`
}

/** Jobs that nobody works on: they are queued and should rest or end, or rest and should go on or end. */
export async function findUnwanted(sql: Sql): Promise<WaitingJob[]> {
  return await sql<WaitingJob[]>`
select id, desired from executor.jobs
where lease_until is null and (state = 'queued' and desired <> 'run' or state = 'paused' and desired <> 'pause')
limit ${MOST}`
}

/**
 * Processes with queued jobs that nobody has taken for so long, ms: maybe nobody was told. They are found by skipping through the
 * index from one to the next, and one job of each says enough.
 */
export async function findForgotten(sql: Sql, forMs: number): Promise<string[]> {
  const rows = await sql<{ process_id: string }[]>`
with recursive queued_of as (
  (select process_id from executor.jobs where state = 'queued' order by process_id limit 1)
  union all
  select n.process_id
  from queued_of q
  cross join lateral (
    select process_id from executor.jobs j
    where j.state = 'queued' and j.process_id > q.process_id
    order by j.process_id
    limit 1
  ) n
)
select q.process_id
from queued_of q
cross join lateral (
  select from executor.jobs j
  where j.process_id = q.process_id
    and j.state = 'queued'
    and j.updated_at < now() - ${forMs}::int * interval '1 ms'
    and (j.run_after is null or j.run_after <= now())
  limit 1
) forgotten`
  return rows.map(({ process_id: processId }) => processId)
}
