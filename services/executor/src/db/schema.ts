import { sql } from 'drizzle-orm'
import { bigint, index, integer, json, pgSchema, text, timestamp } from 'drizzle-orm/pg-core'
import type { JobState, Problem } from '@warren/contracts'

export const schema = pgSchema('executor')

const time = () => timestamp({ withTimezone: true })

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
    desired: text().$type<'run' | 'stop'>().notNull().default('run'),
    /** Counts the transitions: compare, then set. */
    revision: integer().notNull().default(1),
    priority: integer().notNull().default(0),
    attempt: integer().notNull().default(0),
    attemptsMost: integer().notNull(),
    /** `json`, not `jsonb`: requests and results stay the text that came, so `1.0` stays `1.0` */
    request: json().notNull(),
    results: json(),
    problem: json().$type<Problem>(),
    progress: integer().notNull().default(0),
    message: text(),
    executorId: text(),
    leaseUntil: time(),
    deadlineAt: time(),
    createdAt: time().notNull(),
    startedAt: time(),
    finishedAt: time(),
    updatedAt: time().notNull(),
  },
  (table) => [
    index('jobs_by_age').on(table.createdAt, table.id),
    index('jobs_queued')
      .on(table.processId, table.priority.desc().nullsFirst(), table.createdAt)
      .where(sql`state = 'queued'`),
    index('jobs_leased')
      .on(table.leaseUntil)
      .where(sql`lease_until is not null`),
  ],
)

/**
 * What happened to jobs, in the order in which each writer committed it. This table is the outbox too: a writer's
 * events above `published_to` have not reached the broker for certain.
 */
export const events = schema.table('events', {
  seq: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  jobId: text().notNull(),
  processId: text().notNull(),
  /** Key of the event in the contract */
  event: text().notNull(),
  state: text().$type<JobState>().notNull(),
  attempt: integer().notNull(),
  at: time().notNull(),
  writer: text().notNull(),
})

/** One row for each instance that writes events. */
export const writers = schema.table('writers', {
  id: text().primaryKey(),
  publishedTo: bigint({ mode: 'number' }).notNull(),
  leaseUntil: time().notNull(),
})
