import type { PauseKind } from '@warren/contracts'
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
  /** State that the process saved; JSON text */
  readonly checkpoint?: string
  /** How long the next attempt has to wait, ms */
  readonly runAfterMs?: number
}

interface Moved extends WrittenEvent {
  /** Which of the moves this was */
  readonly n: number
}

const pausedAs: Partial<Record<Move, PauseKind>> = { hold: 'hold', suspend: 'suspend', checkpoint: 'checkpoint' }
/** What is wanted of the job afterwards, where the move settles it: who saves its state may be wanted to go on again */
const desired: Partial<Record<Move, 'run' | 'pause'>> = {
  hold: 'pause',
  suspend: 'pause',
  start: 'run',
  release: 'run',
  resume: 'run',
}

/**
 * Applies moves, each by compare-and-set, with what there is to tell about them, in one statement. The numbers of the
 * events are drawn where the rows are written, which spares a join.
 */
export async function moveJobs(sql: Sql, writer: string, moves: readonly JobMove[]): Promise<Moved[]> {
  const input = moves.map(({ id, move, attempt, executorId, results, problem, checkpoint, runAfterMs }, n) => {
    const { from, to, ...rest } = transitions[move]
    return {
      n,
      id,
      from,
      to,
      event: 'event' in rest ? rest.event : null,
      held: 'held' in rest ? rest.held : null,
      outcome: 'outcome' in rest ? rest.outcome : null,
      paused_as: pausedAs[move],
      desired: desired[move],
      attempt,
      executor_id: executorId,
      results,
      problem,
      checkpoint,
      run_after_ms: runAfterMs,
    }
  })
  // most moves end no attempt that is followed by another one
  const attempts = input.some(({ outcome }) => outcome !== null)
    ? keepingAttempts(sql)
    : { before: sql``, ended: sql`` }
  return await sql<Moved[]>`
with input as (
  select *
  from json_to_recordset(${JSON.stringify(input)}::text::json) as r(
    n int, id text, "from" text[], "to" text, event text, held boolean, outcome text, paused_as text, desired text,
    attempt int, executor_id text, results text, problem text, checkpoint text, run_after_ms float8
  )
), ${attempts.before} moved as (
  update executor.jobs j
  set
    state = i."to",
    revision = j.revision + 1,
    updated_at = now(),
    desired = coalesce(i.desired, j.desired),
    paused_as = i.paused_as,
    results = coalesce(i.results::json, j.results),
    -- the problem of an attempt that is followed by another one is that attempt's
    problem = case when i.outcome is null then coalesce(i.problem::json, j.problem) else j.problem end,
    checkpoint = coalesce(i.checkpoint::json, j.checkpoint),
    failures = j.failures + case when i.outcome in ('lost', 'retried') then 1 else 0 end,
    run_after = now() + i.run_after_ms * interval '1 ms',
    progress = case
      when i."to" = 'successful' then 100
      when i."to" = 'queued' and j.checkpoint is null then 0
      else j.progress
    end,
    finished_at = case when i."to" in ('successful', 'failed', 'dismissed') then now() end,
    executor_id = case when i.outcome is null and i."to" <> 'queued' then j.executor_id end,
    lease_until = case
      when i.outcome is null and i."to" in ('staging', 'running', 'paused', 'storing') then j.lease_until
    end
  from input i
  where j.id = i.id
    and j.state = any(i."from")
    and (i.held is null or i.held = (j.lease_until is not null))
    and (i.attempt is null or j.attempt = i.attempt)
    and (i.executor_id is null or j.executor_id = i.executor_id)
  returning i.n, j.id, j.process_id, j.owner, j.state, j.attempt, j.notify, i.event, i.outcome, i.problem,
    case when i.event is not null then nextval('executor.events_seq_seq') end as seq
), ${attempts.ended} told as (
  insert into executor.events (seq, job_id, process_id, owner, event, state, attempt, at, writer)
  overriding system value
  select seq, id, process_id, owner, event, state, attempt, now(), ${writer}::text from moved where event is not null
)
select
  n, pg_current_xact_id()::text as xid, seq, id as "jobId", process_id as "processId", owner, event, state, attempt,
  now() as at, null as data, notify
from moved`
}

/** The parts of the statement that keep what the job's own row forgets. */
function keepingAttempts(sql: Sql) {
  return {
    before: sql`before as (
  select j.id, j.attempt, j.executor_id, j.claimed_at
  from executor.jobs j
  join input i on j.id = i.id
  where i.outcome is not null
),`,
    ended: sql`ended as (
  insert into executor.attempts (job_id, attempt, executor_id, started_at, ended_at, outcome, problem)
  select moved.id, moved.attempt, before.executor_id, before.claimed_at, now(), moved.outcome, moved.problem::json
  from moved
  join before on before.id = moved.id and before.attempt = moved.attempt
  where moved.outcome is not null
  on conflict do nothing
),`,
  }
}
