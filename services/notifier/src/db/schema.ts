import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  index,
  integer,
  json,
  pgSchema,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core'
import type { Delivery } from '@warren/contracts'

export const schema = pgSchema('notifier')

const time = () => timestamp({ withTimezone: true })
const sequence = () => bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity()

/** Bytes: a parked message can be anything. */
const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** Standing wishes to be told about events. */
export const subscriptions = schema.table('subscriptions', {
  id: text().primaryKey(),
  seq: sequence(),
  owner: text().notNull(),
  /** Made by an administrator: hears of everybody's events. */
  seesAll: boolean().notNull(),
  url: text().notNull(),
  /** Host and port of the URL */
  host: text().notNull(),
  patterns: text().array().notNull(),
  /** The patterns as regular expressions; see patterns.ts */
  matchers: text().array().notNull(),
  secret: text().notNull(),
  enabled: boolean().notNull().default(true),
  createdAt: time().notNull().defaultNow(),
  /** Failed tries since the last that succeeded; from a number of them on, the receiver is asked rarely. */
  failures: integer().notNull().default(0),
  pausedUntil: time(),
})

/** One message to one receiver. The id is the same on every try, so receivers can drop doubles by it. */
export const deliveries = schema.table(
  'deliveries',
  {
    id: text().primaryKey(),
    seq: sequence(),
    owner: text().notNull(),
    /** null: a subscriber that a job named itself */
    subscriptionId: text().references(() => subscriptions.id, { onDelete: 'cascade' }),
    jobId: text(),
    /** Source and id of the event, which make it unique */
    event: text().notNull(),
    eventType: text().notNull(),
    url: text().notNull(),
    /** Tries under way are counted by it */
    host: text().notNull(),
    /** What waits behind one another: the subscription's id, or the host */
    lane: text().notNull(),
    contentType: text().notNull(),
    body: text().notNull(),
    state: text().$type<Delivery['state']>().notNull().default('pending'),
    attempts: integer().notNull().default(0),
    /** Attempts of the current budget */
    tries: integer().notNull().default(0),
    lastStatus: integer(),
    lastError: text(),
    createdAt: time().notNull().defaultNow(),
    /** While a try is under way: when others take it for lost */
    nextAt: time().defaultNow(),
    deliveredAt: time(),
  },
  (table) => [
    unique('one_delivery').on(table.event, table.lane),
    index('deliveries_due')
      .on(table.lane, table.nextAt, table.seq)
      .where(sql`state = 'pending'`),
    index('deliveries_newest').on(table.seq),
    index('deliveries_of_subscription').on(table.subscriptionId, table.seq),
    index('deliveries_of_job').on(table.jobId, table.seq),
    index('deliveries_age').on(table.createdAt),
  ],
)

/** Messages that nobody could handle, as they were. */
export const parked = schema.table(
  'parked',
  {
    id: text().primaryKey(),
    seq: sequence(),
    queue: text().notNull(),
    topic: text().notNull(),
    type: text(),
    messageId: text(),
    contentType: text(),
    headers: json().$type<Record<string, unknown>>().notNull(),
    reason: text().notNull(),
    attempts: integer(),
    body: bytea().notNull(),
    parkedAt: time().notNull().defaultNow(),
  },
  (table) => [
    unique('one_message').on(table.queue, table.type, table.messageId),
    index('parked_newest').on(table.seq),
    index('parked_age').on(table.parkedAt),
  ],
)

/** What the instances of this service share, such as the secret that signs what jobs' own subscribers get. */
export const settings = schema.table('settings', { key: text().primaryKey(), value: text().notNull() })
