import { WarrenError, onlyOwner, type Asker } from '@warren/contracts'
import { and, eq, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { blobs, entries, files } from '../db/schema.ts'
import { record } from '../events.ts'
import { selectFiles, type FileRow } from './find.ts'
import { claimRoom, lockRoom } from './room.ts'

const BATCH = 200

/**
 * Hides a file; its bytes stay as long as it may come back. Gives whether it was there.
 *
 * @throws WarrenError CONFLICT when it is in a folder
 */
export async function deleteFile({ db, relay }: Pick<Context, 'db' | 'relay'>, file: FileRow): Promise<boolean> {
  const deleted = await db.transaction(async (transaction) => {
    const [inFolder] = await transaction.select().from(entries).where(eq(entries.fileId, file.id)).limit(1)
    if (inFolder) throw new WarrenError('CONFLICT', 'The file is in a folder: remove it there')
    const rows = await transaction
      .update(files)
      .set({ deletedAt: sql`now()`, requestKey: null })
      .where(and(eq(files.id, file.id), isNull(files.deletedAt)))
      .returning({ id: files.id })
    if (rows.length > 0) await record(transaction, 'fileDeleted', [file])
    return rows.length > 0
  })
  if (deleted) relay.wake()
  return deleted
}

/**
 * Brings a deleted file back, for as long as it is remembered.
 *
 * @throws WarrenError NO_SUCH_FILE, QUOTA_EXCEEDED
 */
export async function restoreFile(
  context: Pick<Context, 'db' | 'relay' | 'limits' | 'retentionMs'>,
  id: string,
  asker: Asker,
): Promise<FileRow> {
  const owner = onlyOwner(asker)
  const row = await context.db.transaction(async (transaction) => {
    const mine = owner === undefined ? undefined : eq(files.owner, owner)
    await transaction.select({ id: files.id }).from(files).where(eq(files.id, id)).for('update')
    const [row] = await selectFiles(transaction, and(eq(files.id, id), mine))
    const since = Date.now() - context.retentionMs
    if (!row || (row.deletedAt && row.deletedAt.getTime() < since)) {
      throw new WarrenError('NO_SUCH_FILE', `There is no file "${id}", not even a deleted one`)
    }
    if (!row.deletedAt) return row
    await lockRoom(transaction, context.limits, row.owner)
    await claimRoom(transaction, context.limits, row.owner, row.size)
    const back = { deletedAt: null, expiresAt: null, letGoAt: null }
    await transaction.update(files).set(back).where(eq(files.id, id))
    const restored = { ...row, ...back }
    await record(transaction, 'fileStored', [restored])
    return restored
  })
  context.relay.wake()
  return row
}

/** Deletes files whose time is over; gives how many. */
export async function expireFiles({ db, relay }: Pick<Context, 'db' | 'relay'>): Promise<number> {
  const expired = await db.transaction(async (transaction) => {
    const over = transaction
      .select({ id: files.id })
      .from(files)
      .where(and(isNull(files.deletedAt), lt(files.expiresAt, sql`now()`)))
      .limit(BATCH)
      .for('update', { skipLocked: true })
    const deleted = await transaction
      .update(files)
      .set({ deletedAt: sql`now()`, requestKey: null })
      .where(inArray(files.id, over))
      .returning({ id: files.id })
    const ids = deleted.map(({ id }) => id)
    const rows = await selectFiles(transaction, inArray(files.id, ids))
    await record(transaction, 'fileDeleted', rows)
    return rows.length
  })
  if (expired > 0) relay.wake()
  return expired
}

/** Forgets files that were deleted long enough ago; their blobs have one file less. Gives how many. */
export async function forgetFiles({ db, retentionMs }: Pick<Context, 'db' | 'retentionMs'>): Promise<number> {
  return await db.transaction(async (transaction) => {
    const old = transaction
      .select({ id: files.id })
      .from(files)
      .where(and(isNotNull(files.deletedAt), lt(files.deletedAt, sql`now() - ${retentionMs} * interval '1 ms'`)))
      .limit(BATCH)
      .for('update', { skipLocked: true })
    const gone = await transaction.delete(files).where(inArray(files.id, old)).returning({ digest: files.digest })
    const counts = [...Map.groupBy(gone, ({ digest }) => digest)].toSorted(([a], [b]) => (a < b ? -1 : 1))
    for (const [digest, { length }] of counts) {
      await transaction
        .update(blobs)
        .set({ references: sql`${blobs.references} - ${length}` })
        .where(eq(blobs.digest, digest))
    }
    return gone.length
  })
}

/** Removes blobs that no file has any more; gives the number of their bytes. */
export async function removeBlobs({ db, store }: Pick<Context, 'db' | 'store'>): Promise<number> {
  return await db.transaction(async (transaction) => {
    const rows = await transaction
      .select()
      .from(blobs)
      .where(eq(blobs.references, 0))
      .limit(BATCH)
      .for('update', { skipLocked: true })
    for (const { digest } of rows) {
      await store.remove(digest)
      await transaction.delete(blobs).where(eq(blobs.digest, digest))
    }
    return rows.reduce((sum, { size }) => sum + size, 0)
  })
}

/** Blobs that no row knows, as after a crash between their placing and the commit, get one; and so they are removed. */
export async function adoptBlobs({ db, store }: Pick<Context, 'db' | 'store'>): Promise<number> {
  let adopted = 0
  for await (const digests of store.list()) {
    if (digests.length === 0) continue
    const known = await db
      .select({ digest: blobs.digest })
      .from(blobs)
      .where(inArray(blobs.digest, [...digests]))
    const unknown = new Set(digests).difference(new Set(known.map(({ digest }) => digest)))
    for (const digest of unknown) {
      const rows = await db
        .insert(blobs)
        .values({ digest, size: 0 })
        .onConflictDoNothing()
        .returning({ digest: blobs.digest })
      adopted += rows.length
    }
  }
  return adopted
}
