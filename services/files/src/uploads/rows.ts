import { WarrenError, onlyOwner, type Asker } from '@warren/contracts'
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { uploads } from '../db/schema.ts'
import { roomOf } from '../kept/room.ts'

export type UploadRow = typeof uploads.$inferSelect

/** @throws WarrenError NO_SUCH_UPLOAD, also of those of others; UPLOAD_EXPIRED */
export async function findUpload({ db }: Pick<Context, 'db'>, id: string, asker: Asker): Promise<UploadRow> {
  const owner = onlyOwner(asker)
  const mine = owner === undefined ? undefined : eq(uploads.owner, owner)
  const [row] = await db
    .select()
    .from(uploads)
    .where(and(eq(uploads.id, id), mine))
  if (!row) throw new WarrenError('NO_SUCH_UPLOAD', `There is no upload "${id}"`)
  if (row.expiresAt.getTime() < Date.now()) throw new WarrenError('UPLOAD_EXPIRED')
  return row
}

/** Whether all of its bytes are here, though it may not be a file yet. */
export function isWhole({ length, received }: Pick<UploadRow, 'length' | 'received'>): boolean {
  return length === received
}

/**
 * Names a new part that may grow, in place of the one before, whose writer can record nothing any more.
 *
 * @throws WarrenError CONFLICT when somebody else has done so meanwhile
 */
export async function addPart({ db }: Pick<Context, 'db'>, upload: UploadRow, spooled: string): Promise<void> {
  const taken = await db
    .update(uploads)
    .set({ writer: spooled, parts: [...upload.parts.filter(({ bytes }) => bytes > 0), { spooled, bytes: 0 }] })
    .where(and(eq(uploads.id, upload.id), eq(uploads.received, upload.received), isWriter(upload.writer)))
    .returning({ id: uploads.id })
  if (taken.length === 0) throw superseded()
}

/**
 * Records how many bytes of the part that grows are on the disk, and that the upload goes on.
 *
 * @throws WarrenError CONFLICT when another writer has taken the upload over, or it is gone
 */
export async function recordPart(
  { db, uploadTtlMs }: Pick<Context, 'db' | 'uploadTtlMs'>,
  id: string,
  writer: string,
  bytes: number,
): Promise<UploadRow> {
  const [row] = await db
    .update(uploads)
    .set({
      received: sql`${uploads.received} + ${bytes} - (${uploads.parts} -> -1 ->> 'bytes')::bigint`,
      parts: sql`jsonb_set(${uploads.parts}, '{-1,bytes}', to_jsonb(${bytes}::bigint))`,
      expiresAt: expiry(uploadTtlMs),
    })
    .where(and(eq(uploads.id, id), isWriter(writer)))
    .returning()
  if (!row) throw superseded()
  return row
}

export function expiry(ttlMs: number) {
  return sql<Date>`now() + ${ttlMs} * interval '1 ms'`
}

function isWriter(writer: string | null) {
  return sql`${uploads.writer} is not distinct from ${writer}`
}

function superseded(): WarrenError {
  return new WarrenError('CONFLICT', 'Another request goes on with this upload')
}

/**
 * Says how many bytes there will be, once.
 *
 * @throws WarrenError BAD_INPUT when it was said before, or is less than what is here
 */
export async function announceLength(
  context: Pick<Context, 'db' | 'limits'>,
  upload: UploadRow,
  length: number,
): Promise<UploadRow> {
  if (upload.length === length) return upload
  if (upload.length !== null || length < upload.received) {
    throw new WarrenError('BAD_INPUT', 'Upload-Length does not fit what was said before')
  }
  const { maxBytes, tooLarge } = await roomOf(context, upload.owner)
  if (length - upload.received > maxBytes) throw tooLarge(length)
  const [row] = await context.db
    .update(uploads)
    .set({ length })
    .where(and(eq(uploads.id, upload.id), isNull(uploads.length)))
    .returning()
  if (!row) throw superseded()
  return row
}
