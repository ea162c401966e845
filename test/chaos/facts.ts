import type { JobState } from '@warren/contracts'
import postgres from 'postgres'
import type { Told } from './audit.ts'
import type { Entry } from './journal.ts'
import type { Received } from './webhooks.ts'

/** What is known when all is over, from every side. */
export interface Facts {
  readonly entries: readonly Entry[]
  readonly jobs: readonly JobRow[]
  /** In the order of their cursors */
  readonly events: readonly EventRow[]
  readonly attempts: readonly AttemptRow[]
  readonly told: readonly Told[]
  /** What a receiver of webhooks got; undefined when nobody sends any */
  readonly webhooks: readonly Received[] | undefined
  /** Messages that nobody could handle */
  readonly parked: number
  /** How many runners were killed: only so many runs may have crashed. */
  readonly runnersKilled: number
}

export interface JobRow {
  readonly id: string
  readonly processId: string
  readonly mode: 'sync' | 'async'
  readonly state: JobState
  readonly desired: string
  readonly attempt: number
  readonly executorId: string | null
  readonly token: string | null
  readonly steps: number | null
  /** Raw JSON text */
  readonly results: string | null
  readonly code: string | null
}

export interface EventRow {
  readonly seq: string
  readonly jobId: string
  readonly event: string
  readonly state: JobState
  readonly attempt: number
  readonly writer: string
  readonly at: Date
}

export interface AttemptRow {
  readonly jobId: string
  readonly attempt: number
  readonly executorId: string | null
  readonly outcome: string
  readonly endedAt: Date
}

/** The tables, seen past all services. */
export interface Tables {
  readonly sql: postgres.Sql
  jobs(): Promise<JobRow[]>
  events(): Promise<EventRow[]>
  attempts(): Promise<AttemptRow[]>
  parked(): Promise<number>
  /** Jobs that have not ended. */
  open(): Promise<JobRow[]>
  close(): Promise<void>
}

export function openTables(databaseUrl: string): Tables {
  const sql = postgres(databaseUrl, { max: 2, idle_timeout: 1, onnotice: () => {} })
  return {
    sql,
    jobs: () => readJobs(['successful', 'failed', 'dismissed'], true),
    open: () => readJobs(['successful', 'failed', 'dismissed'], false),
    events: async () => [
      ...(await sql<EventRow[]>`
select seq::text as seq, job_id as "jobId", event, state, attempt, writer, at from executor.events order by xid, seq`),
    ],
    attempts: async () => [
      ...(await sql<AttemptRow[]>`
select job_id as "jobId", attempt, executor_id as "executorId", outcome, ended_at as "endedAt"
from executor.attempts order by job_id, attempt`),
    ],
    parked,
    close: () => sql.end(),
  }

  async function parked(): Promise<number> {
    const [there] = await sql<{ is: boolean }[]>`select to_regclass('notifier.parked') is not null as is`
    if (!there?.is) return 0
    const [row] = await sql<{ n: number }[]>`select count(*)::int as n from notifier.parked`
    return row?.n ?? 0
  }

  async function readJobs(finals: string[], all: boolean): Promise<JobRow[]> {
    const rows = await sql<JobRow[]>`
select
  id, process_id as "processId", mode, state, desired, attempt, executor_id as "executorId",
  request->'inputs'->>'text' as token, (request->'inputs'->>'steps')::int as steps,
  results::text as results, problem->>'code' as code
from executor.jobs
where ${all} or state <> all(${finals})
order by created_at`
    return [...rows]
  }
}
