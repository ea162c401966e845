import {
  statesOf,
  statusOf,
  WarrenError,
  type Job,
  type JobState,
  type JobStatus,
  type Problem,
} from '@warren/contracts'
import type { Database } from '@warren/database'
import { and, desc, eq, gte, inArray, lt, sql, type SQL } from 'drizzle-orm'
import { jobs } from '../db/schema.ts'

type Db = Database['db']
type Row = Pick<typeof jobs.$inferSelect, Exclude<keyof typeof columns, 'hasCheckpoint'>> & {
  readonly hasCheckpoint: boolean
}

/** Everything but the request and the results, which can be large. */
const columns = {
  id: jobs.id,
  processId: jobs.processId,
  processVersion: jobs.processVersion,
  owner: jobs.owner,
  mode: jobs.mode,
  state: jobs.state,
  desired: jobs.desired,
  pausedAs: jobs.pausedAs,
  hasCheckpoint: sql<boolean>`${jobs.checkpoint} is not null`,
  runAfter: jobs.runAfter,
  progress: jobs.progress,
  message: jobs.message,
  attempt: jobs.attempt,
  executorId: jobs.executorId,
  createdAt: jobs.createdAt,
  startedAt: jobs.startedAt,
  finishedAt: jobs.finishedAt,
  updatedAt: jobs.updatedAt,
  deadlineAt: jobs.deadlineAt,
  problem: jobs.problem,
  series: jobs.series,
  number: jobs.number,
} as const

export interface JobFilter {
  readonly owner?: string | undefined
  readonly processIds?: readonly string[] | undefined
  readonly statuses?: readonly JobStatus[] | undefined
  readonly series?: string | undefined
  readonly createdFrom?: string | undefined
  readonly createdTo?: string | undefined
  readonly minDuration?: number | undefined
  readonly maxDuration?: number | undefined
  readonly limit: number
  readonly after?: string | undefined
}

export async function findJob(db: Db, id: string): Promise<Job | undefined> {
  const [row] = await db.select(columns).from(jobs).where(eq(jobs.id, id))
  return row && present(row)
}

export async function findNumbered(
  db: Db,
  { series, number }: { readonly series: string; readonly number: number },
): Promise<Job | undefined> {
  const [row] = await db
    .select(columns)
    .from(jobs)
    .where(and(eq(jobs.series, series), eq(jobs.number, number)))
  return row && present(row)
}

/** Newest first, by keyset: jobs that arrive meanwhile neither repeat nor hide others. */
export async function findJobs(db: Db, filter: JobFilter): Promise<{ jobs: Job[]; next: string | null }> {
  // one clock for running jobs: their duration counts until now
  const duration = sql<number>`extract(epoch from coalesce(${jobs.finishedAt}, now()) - ${jobs.startedAt})`
  const conditions: (SQL | undefined)[] = [
    filter.owner === undefined ? undefined : eq(jobs.owner, filter.owner),
    filter.processIds && inArray(jobs.processId, [...filter.processIds]),
    filter.statuses && inArray(jobs.state, filter.statuses.flatMap(statesOf)),
    filter.series === undefined ? undefined : eq(jobs.series, filter.series),
    filter.createdFrom === undefined ? undefined : gte(jobs.createdAt, new Date(filter.createdFrom)),
    filter.createdTo === undefined ? undefined : lt(jobs.createdAt, new Date(Date.parse(filter.createdTo) + 1)),
    filter.minDuration === undefined ? undefined : sql`${duration} >= ${filter.minDuration}`,
    filter.maxDuration === undefined ? undefined : sql`${duration} <= ${filter.maxDuration}`,
    filter.after === undefined ? undefined : before(filter.after),
  ]
  const rows = await db
    .select({ ...columns, cursor: sql<string>`(extract(epoch from ${jobs.createdAt}) * 1000000)::bigint::text` })
    .from(jobs)
    .where(and(...conditions))
    .orderBy(desc(jobs.createdAt), desc(jobs.id))
    .limit(filter.limit + 1)
  const page = rows.slice(0, filter.limit)
  const last = rows.length > filter.limit ? page.at(-1) : undefined
  return { jobs: page.map(present), next: last ? toCursor(last.cursor, last.id) : null }
}

/** What there is to say about the results of a job. */
export interface StoredResults {
  readonly state: JobState
  readonly problem: Problem | null
  readonly owner: string
  /** JSON text */
  readonly results: string | null
  /** JSON text of the request's members `response` and `outputs`; null when it had neither */
  readonly requested: string | null
}

export async function findResults(db: Db, id: string): Promise<StoredResults | undefined> {
  const [row] = await db
    .select({
      state: jobs.state,
      problem: jobs.problem,
      owner: jobs.owner,
      results: sql<string | null>`${jobs.results}::text`,
      requested: sql<string | null>`
        case when coalesce(${jobs.request} -> 'response', ${jobs.request} -> 'outputs') is not null
        then json_build_object('response', ${jobs.request} -> 'response', 'outputs', ${jobs.request} -> 'outputs')::text end`,
    })
    .from(jobs)
    .where(eq(jobs.id, id))
  return row
}

/** Microseconds and id of the last job of a page: a Date would cut the microseconds off and repeat jobs. */
function toCursor(micros: string, id: string): string {
  return Buffer.from(`${micros} ${id}`).toString('base64url')
}

function before(cursor: string): SQL {
  const [micros, id] = Buffer.from(cursor, 'base64url').toString().split(' ')
  if (!id || !/^\d{1,17}$/.test(micros ?? '')) throw new WarrenError('BAD_QUERY', 'The cursor is not one of ours')
  return sql`(${jobs.createdAt}, ${jobs.id}) < (timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond', ${id})`
}

function present(row: Row): Job {
  return {
    id: row.id,
    processId: row.processId,
    processVersion: row.processVersion,
    owner: row.owner,
    mode: row.mode,
    state: row.state,
    desired: row.desired,
    // while it runs the column says how it shall rest
    pausedAs: row.state === 'paused' ? row.pausedAs : null,
    hasCheckpoint: row.hasCheckpoint,
    status: statusOf(row.state),
    progress: row.progress,
    message: row.message,
    attempt: row.attempt,
    executorId: row.executorId,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    updatedAt: row.updatedAt.toISOString(),
    deadlineAt: row.deadlineAt?.toISOString() ?? null,
    problem: row.problem,
    waitingFor: waitingFor(row),
    series: row.series,
    number: row.number,
  }
}

/** Why a job does not go on by itself. */
export function waitingFor({ state, desired, runAfter }: Pick<Row, 'state' | 'desired' | 'runAfter'>): string | null {
  if (state === 'created') return 'somebody to start it'
  if (state === 'paused') return desired === 'run' ? 'its executor to resume it' : 'somebody to resume it'
  if (state !== 'queued') return null
  if (runAfter && runAfter.getTime() > Date.now()) return `its next attempt, not before ${runAfter.toISOString()}`
  return 'a free slot of an executor that offers the process'
}
