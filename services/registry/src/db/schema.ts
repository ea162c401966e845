import { sql } from 'drizzle-orm'
import { boolean, foreignKey, index, integer, json, pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'
import type { ProcessDescription, ProcessRef } from '@warren/contracts'
import { outboxColumns } from '@warren/database'
import type { z } from 'zod'
import { ordered } from './ordered.ts'

export const schema = pgSchema('registry')

const time = () => timestamp({ withTimezone: true })

/** Every version of every process that was ever published. A row never changes, except that it is retired once. */
export const processVersions = schema.table(
  'process_versions',
  {
    id: ordered().notNull(),
    version: text().notNull(),
    digest: text().notNull(),
    /** `json`, not `jsonb`: the text stays as it came */
    description: json().$type<ProcessDescription>().notNull(),
    /** See semver.ts */
    precedence: ordered().notNull(),
    publishedAt: time().notNull().defaultNow(),
    retiredAt: time(),
  },
  (table) => [
    primaryKey({ columns: [table.id, table.version] }),
    index('newest_version')
      .on(table.id, table.precedence.desc().nullsFirst(), table.version.desc().nullsFirst())
      .where(sql`retired_at is null`),
  ],
)

type Refusal = z.infer<typeof ProcessRef> & { reason: string }

/** Who offers processes, until when. The lease is of the database's clock, which is the only one all instances share. */
export const executors = schema.table(
  'executors',
  {
    id: text().primaryKey(),
    slots: integer().notNull(),
    startedAt: time().notNull().defaultNow(),
    leaseUntil: time().notNull(),
    refused: json().$type<Refusal[]>().notNull(),
    unavailable: json().$type<{ folder: string; reason: string }[]>().notNull(),
  },
  (table) => [index('lease').on(table.leaseUntil)],
)

export const offers = schema.table(
  'offers',
  {
    executorId: text()
      .notNull()
      .references(() => executors.id, { onDelete: 'cascade' }),
    processId: ordered().notNull(),
    version: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.processId, table.version, table.executorId] }),
    foreignKey({
      columns: [table.processId, table.version],
      foreignColumns: [processVersions.id, processVersions.version],
    }),
    index('offers_of_executor').on(table.executorId),
  ],
)

export const users = schema.table('users', {
  number: integer().primaryKey().generatedAlwaysAsIdentity(),
  name: ordered().notNull().unique(),
  /** See passwords.ts */
  passwordHash: text().notNull(),
  roles: text().array().notNull(),
  disabled: boolean().notNull().default(false),
  /** Tokens of an earlier generation are refused; a new one begins with another password. */
  generation: integer().notNull().default(0),
  createdAt: time().notNull().defaultNow(),
})

/** How often somebody failed to log in under a name, which need not exist, since when. */
export const failedLogIns = schema.table(
  'failed_log_ins',
  {
    name: text().primaryKey(),
    failures: integer().notNull(),
    since: time().notNull().defaultNow(),
  },
  (table) => [index('failures_since').on(table.since)],
)

/** One row: what tokens are signed with, made by the first instance that needed it. */
export const tokenKey = schema.table('token_key', {
  isOnly: boolean().primaryKey().default(true),
  /** Base64 */
  key: text().notNull(),
})

export const outbox = schema.table('outbox', outboxColumns())
