import { outboxColumns } from '@warren/database'
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'

export const schema = pgSchema('files')

const time = () => timestamp({ withTimezone: true })
const bytes = () => bigint({ mode: 'number' })

/** Bytes, stored once however many files have them. */
export const blobs = schema.table(
  'blobs',
  {
    /** SHA-256, hexadecimal */
    digest: text().primaryKey(),
    size: bytes().notNull(),
    storedAt: time().notNull().defaultNow(),
    /** How many files have these bytes; the blob goes when nothing refers to it */
    references: integer().notNull().default(0),
  },
  (table) => [
    index('blobs_of_nobody')
      .on(table.digest)
      .where(sql`"references" = 0`),
  ],
)

/** A name and an owner that refer to a blob. */
export const files = schema.table(
  'files',
  {
    id: text().primaryKey(),
    /** The order of listings */
    seq: bytes().notNull().generatedAlwaysAsIdentity(),
    digest: text()
      .notNull()
      .references(() => blobs.digest),
    name: text().notNull(),
    owner: text().notNull(),
    mediaType: text().notNull(),
    createdAt: time().notNull().defaultNow(),
    expiresAt: time(),
    /** From then on nobody sees it; it can come back until it is forgotten */
    deletedAt: time(),
    /** It left its last folder, and is kept only for those who were told of it: it counts no more */
    letGoAt: time(),
    /** The same request again gets this file again; scoped to the owner */
    requestKey: text(),
  },
  (table) => [
    index('files_of_digest').on(table.digest),
    index('files_of_owner').on(table.owner, table.createdAt),
    index('files_in_order').on(table.owner, table.seq),
    uniqueIndex('files_of_request').on(table.owner, table.requestKey),
    index('files_that_expire')
      .on(table.expiresAt)
      .where(sql`expires_at is not null`),
    index('files_deleted')
      .on(table.deletedAt)
      .where(sql`deleted_at is not null`),
  ],
)

/** A named tree of files of one owner. */
export const folders = schema.table(
  'folders',
  {
    /** The order of listings */
    seq: bytes().primaryKey().generatedAlwaysAsIdentity(),
    owner: text().notNull(),
    id: text().notNull(),
    createdAt: time().notNull().defaultNow(),
    modifiedAt: time().notNull().defaultNow(),
  },
  (table) => [uniqueIndex('folders_of_owner').on(table.owner, table.id)],
)

/** A file of a folder. As long as it is in one it does not expire; folders that are copies have the same files. */
export const entries = schema.table(
  'entries',
  {
    folder: bytes()
      .notNull()
      .references(() => folders.seq),
    path: text().notNull(),
    fileId: text()
      .notNull()
      .references(() => files.id),
    modifiedAt: time().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.folder, table.path] }), index('entries_of_file').on(table.fileId)],
)

/** A stretch of an upload: a file of the spool, and how many of its bytes count. */
export interface Part {
  readonly spooled: string
  readonly bytes: number
}

/** An upload that goes on where it stopped. */
export const uploads = schema.table(
  'uploads',
  {
    id: text().primaryKey(),
    owner: text().notNull(),
    name: text().notNull(),
    mediaType: text().notNull(),
    /** `Upload-Metadata` as it came */
    metadata: text(),
    /** Declared SHA-256 of the whole */
    declared: text(),
    /** Bytes in all; unknown as long as the client has not told */
    length: bytes(),
    /** Bytes that are on the disk for certain */
    received: bytes().notNull().default(0),
    parts: jsonb().$type<Part[]>().notNull().default([]),
    /** The part that may grow. Whoever took the upload over has named another, and the one before can record no more. */
    writer: text(),
    /** Only a piece of another upload, which becomes no file by itself */
    isPartial: boolean().notNull().default(false),
    fileId: text(),
    createdAt: time().notNull().defaultNow(),
    expiresAt: time().notNull(),
  },
  (table) => [index('uploads_of_owner').on(table.owner), index('uploads_that_expire').on(table.expiresAt)],
)

/** One row: the name of the folder with the blobs, so that two databases never take each other's for left over. */
export const store = schema.table('store', {
  isOnly: boolean().primaryKey().default(true),
  id: text().notNull(),
})

export const outbox = schema.table('outbox', outboxColumns())
