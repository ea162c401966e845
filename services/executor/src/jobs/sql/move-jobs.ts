import type { Sql } from 'postgres'
import type { WrittenEvent } from '../events.ts'
import { transitions, type Move } from '../transitions.ts'

export interface JobMove {
  readonly id: string
  readonly move: Move
  /** Only while this attempt is the current one: a zombie's write matches no row. */
  readonly attempt?: number
  /** Only while this executor holds it. */
  readonly executorId?: string
  /** JSON text */
  readonly results?: string
  /** JSON text */
  readonly problem?: string
}

interface Moved extends WrittenEvent {
  /** Which of the moves this was */
  readonly n: number
}

/** Applies moves, each by compare-and-set, with what there is to tell about them, in one statement. */
export async function moveJobs(sql: Sql, writer: string, moves: readonly JobMove[]): Promise<Moved[]> {
  const input = moves.map(({ id, move, attempt, executorId, results, problem }, n) => {
    const { from, to, ...rest } = transitions[move]
    return {
      n,
      id,
      from,
      to,
      event: 'event' in rest ? rest.event : null,
      attempt,
      executor_id: executorId,
      results,
      problem,
    }
  })
  return await sql<Moved[]>`
with input as (
  select *
  from json_to_recordset(${JSON.stringify(input)}::text::json) as r(
    n int, id text, "from" text[], "to" text, event text, attempt int, executor_id text, results text, problem text
  )
), moved as (
  update executor.jobs j
  set
    state = i."to",
    revision = j.revision + 1,
    updated_at = now(),
    results = coalesce(i.results::json, j.results),
    problem = coalesce(i.problem::json, j.problem),
    progress = case when i."to" = 'successful' then 100 when i."to" = 'queued' then 0 else j.progress end,
    finished_at = case when i."to" in ('successful', 'failed', 'dismissed') then now() end,
    executor_id = case when i."to" <> 'queued' then j.executor_id end,
    lease_until = case when i."to" in ('staging', 'running', 'paused', 'storing') then j.lease_until end
  from input i
  where j.id = i.id
    and j.state = any(i."from")
    and (i.attempt is null or j.attempt = i.attempt)
    and (i.executor_id is null or j.executor_id = i.executor_id)
  returning i.n, j.id, j.process_id, j.state, j.attempt, i.event
), told as (
  insert into executor.events (job_id, process_id, event, state, attempt, at, writer)
  select id, process_id, event, state, attempt, now(), ${writer}::text from moved where event is not null
  returning seq, job_id, at
)
select
  moved.n, told.seq, moved.id as "jobId", moved.process_id as "processId", moved.event, moved.state, moved.attempt, told.at
from moved
left join told on told.job_id = moved.id`
}
