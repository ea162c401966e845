import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  index,
  integer,
  json,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { FileOfJob, JobState, PauseKind, Problem, RecordKind } from '@warren/contracts'

export const schema = pgSchema('executor')

const time = () => timestamp({ withTimezone: true })

/** A transaction's number, 64 bits: it never wraps round. As text, because it can be larger than a JavaScript integer. */
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })

/** Every job there ever was, until it is dismissed for good. Times are of the database's clock. */
export const jobs = schema.table(
  'jobs',
  {
    id: text().primaryKey(),
    processId: text().notNull(),
    processVersion: text(),
    owner: text().notNull(),
    mode: text().$type<'sync' | 'async'>().notNull(),
    state: text().$type<JobState>().notNull(),
    /** What somebody wants of an active job; its executor reads it when it renews the lease. */
    desired: text().$type<'run' | 'pause' | 'stop'>().notNull().default('run'),
    /** Counts the transitions: compare, then set. */
    revision: integer().notNull().default(1),
    priority: integer().notNull().default(0),
    attempt: integer().notNull().default(0),
    /** Attempts that were lost or failed; those that were handed back or saved their state do not count. */
    failures: integer().notNull().default(0),
    attemptsMost: integer().notNull(),
    /** `json`, not `jsonb`: requests and results stay the text that came, so `1.0` stays `1.0` */
    request: json().notNull(),
    results: json(),
    problem: json().$type<Problem>(),
    progress: integer().notNull().default(0),
    message: text(),
    executorId: text(),
    leaseUntil: time(),
    pausedAs: text().$type<PauseKind>(),
    /** `json`: the state that a process saved comes back as the text that it was */
    checkpoint: json(),
    /** It names a subscriber of its own, in its request. */
    notify: boolean().notNull().default(false),
    traceparent: text(),
    /** A retry waits until then. */
    runAfter: time(),
    deadlineAt: time(),
    createdAt: time().notNull(),
    startedAt: time(),
    /** Begin of the current attempt */
    claimedAt: time(),
    finishedAt: time(),
    updatedAt: time().notNull(),
    series: text(),
    number: integer(),
  },
  (table) => [
    index('jobs_by_age').on(table.createdAt, table.id),
    index('jobs_queued')
      .on(table.processId, table.owner, table.priority.desc().nullsFirst(), table.createdAt)
      .where(sql`state = 'queued'`),
    // the second condition keeps it from whoever looks for queued jobs otherwise
    index('jobs_waiting')
      .on(table.deadlineAt)
      .where(sql`state in ('created', 'queued', 'paused') and deadline_at is not null`),
    index('jobs_unwanted')
      .on(table.id)
      .where(
        sql`lease_until is null and (state = 'queued' and desired <> 'run' or state = 'paused' and desired <> 'pause')`,
      ),
    index('jobs_leased')
      .on(table.leaseUntil)
      .where(sql`lease_until is not null`),
    uniqueIndex('jobs_numbered')
      .on(table.series, table.number)
      .where(sql`series is not null`),
  ],
)

/** How far the numbers of each series have been given away. */
export const series = schema.table('series', {
  name: text().primaryKey(),
  last: integer().notNull(),
})

/**
 * Attempts that were followed by another one; the facts of the last attempt are in the job's own row, so that a job that
 * needs one attempt costs one row.
 */
export const attempts = schema.table(
  'attempts',
  {
    jobId: text().notNull(),
    attempt: integer().notNull(),
    executorId: text(),
    startedAt: time(),
    endedAt: time().notNull(),
    outcome: text().$type<'lost' | 'retried' | 'handed back' | 'checkpointed'>().notNull(),
    problem: json().$type<Problem>(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.attempt] })],
)

/**
 * What happened to jobs. This table is the outbox too: what a writer wrote behind its `published_to` has not reached the
 * broker for certain.
 *
 * Readers take the order of `(xid, seq)`, and nothing of a transaction that is younger than one still under way: numbers
 * of a sequence alone can become visible in another order than they were drawn.
 */
export const events = schema.table(
  'events',
  {
    xid: xid8()
      .notNull()
      .default(sql`pg_current_xact_id()`),
    seq: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    jobId: text().notNull(),
    processId: text().notNull(),
    owner: text().notNull(),
    /** Key of the event in the contract */
    event: text().notNull(),
    state: text().$type<JobState>().notNull(),
    attempt: integer().notNull(),
    at: time().notNull(),
    writer: text().notNull(),
    /** What this kind of event says beside that */
    data: json().$type<Record<string, unknown>>(),
  },
  (table) => [primaryKey({ columns: [table.xid, table.seq] }), index('events_of_job').on(table.jobId, table.seq)],
)

/** Log lines and metric points, many neighbours in a row: a flood of lines is a few inserts. */
export const records = schema.table(
  'records',
  {
    jobId: text().notNull(),
    kind: text().$type<RecordKind>().notNull(),
    /** Numbers of the first and the last of them */
    first: integer().notNull(),
    last: integer().notNull(),
    /** Where their text begins in the text of the whole log, and how long it is; bytes */
    offset: bigint({ mode: 'number' }).notNull(),
    bytes: integer().notNull(),
    /** An array of `LogLine` or `MetricPoint` */
    body: json().$type<unknown[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.kind, table.last] })],
)

/** What a job took, gave or left behind; the bytes are with the files service, or at `source`. */
export const files = schema.table(
  'files',
  {
    jobId: text().notNull(),
    attempt: integer().notNull(),
    /** Of a folder that is empty: there is nothing else to say about it */
    role: text().$type<FileOfJob['role'] | 'folder'>().notNull(),
    /** In the working directory */
    path: text().notNull(),
    /** Id of the input or output */
    name: text(),
    fileId: text(),
    source: text(),
    sha256: text().notNull(),
    size: bigint({ mode: 'number' }).notNull(),
    type: text().notNull(),
    storedAt: time().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.attempt, table.role, table.path] })],
)

/** One row for each instance that writes events. */
export const writers = schema.table('writers', {
  id: text().primaryKey(),
  /** Transaction and number of the last event that is published for certain */
  publishedXid: xid8().notNull(),
  publishedTo: bigint({ mode: 'number' }).notNull(),
  leaseUntil: time().notNull(),
})
