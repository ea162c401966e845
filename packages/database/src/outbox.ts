import { bigint, json, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/**
 * Columns of a service's table `outbox`: `export const outbox = schema.table('outbox', outboxColumns())`. An event is
 * a row in the transaction that makes it true, so that neither exists without the other.
 */
export function outboxColumns() {
  return {
    /** Order of publication */
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** Id of the event on the wire; the same each time it is published */
    eventId: uuid().notNull().defaultRandom(),
    /** Key of the event in the contract */
    event: text().notNull(),
    data: json().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  }
}

export interface OutboxEvent {
  readonly id: string
  readonly event: string
  readonly data: unknown
  /** When it became true, RFC 3339 */
  readonly time: string
}
