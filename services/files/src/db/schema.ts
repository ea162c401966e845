import { bigint, index, integer, pgSchema, text, timestamp } from 'drizzle-orm/pg-core'

export const schema = pgSchema('files')

const time = () => timestamp({ withTimezone: true })

/** Bytes, stored once however many files have them. */
export const blobs = schema.table('blobs', {
  /** SHA-256, hexadecimal */
  digest: text().primaryKey(),
  size: bigint({ mode: 'number' }).notNull(),
  storedAt: time().notNull().defaultNow(),
  /** How many files have these bytes; the blob goes when nothing refers to it */
  references: integer().notNull().default(0),
})

/** A name and an owner that refer to a blob. */
export const files = schema.table(
  'files',
  {
    id: text().primaryKey(),
    digest: text()
      .notNull()
      .references(() => blobs.digest),
    name: text().notNull(),
    owner: text().notNull(),
    mediaType: text().notNull(),
    createdAt: time().notNull().defaultNow(),
    expiresAt: time(),
  },
  (table) => [index('files_of_digest').on(table.digest), index('files_of_owner').on(table.owner, table.createdAt)],
)
