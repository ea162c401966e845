import { WarrenError } from '@warren/contracts'
import { and, count, eq, inArray, notExists, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { entries, files, folders } from '../db/schema.ts'
import type { FileRow } from '../kept/find.ts'
import type { Transaction } from '../kept/transaction.ts'
import { selectEntries, type EntryRow, type FolderRow } from './find.ts'

/** Where in a folder a file belongs. */
export interface Place {
  readonly folderId: string
  readonly path: string
  /** Whether it may be put there, in the face of what is there. @throws WarrenError */
  readonly check: (now: EntryRow | undefined) => void
}

/** A place that nobody else changes before the end of the transaction. */
export interface HeldPlace {
  readonly folder: number
  readonly path: string
  readonly now: EntryRow | undefined
}

/** Locks a folder, which is made if it is not there, and looks what it has under the path. */
export async function holdPlace(transaction: Transaction, owner: string, place: Place): Promise<HeldPlace> {
  const [folder] = await transaction
    .insert(folders)
    .values({ owner, id: place.folderId })
    .onConflictDoUpdate({ target: [folders.owner, folders.id], set: { id: place.folderId } })
    .returning()
  const { seq } = folder as FolderRow
  const { path } = place
  const [now] = await selectEntries(transaction, and(eq(entries.folder, seq), eq(entries.path, path)))
  place.check(now)
  return { folder: seq, path, now }
}

/**
 * Puts a file into its place; the one that was there is let go.
 *
 * @throws WarrenError CONFLICT when a file stands where a path needs a folder, or the other way round; TOO_LARGE
 */
export async function fillPlace(
  transaction: Transaction,
  { folder, path, now }: HeldPlace,
  file: FileRow,
  { limits, retentionMs }: Pick<Context, 'limits' | 'retentionMs'>,
): Promise<void> {
  if (now?.file.id === file.id) return
  if (!now) await checkWay(transaction, folder, path, limits.maxFolderFiles)
  await transaction
    .insert(entries)
    .values({ folder, path, fileId: file.id })
    .onConflictDoUpdate({
      target: [entries.folder, entries.path],
      set: { fileId: file.id, modifiedAt: sql`now()` },
    })
  await touch(transaction, folder)
  if (now) await letGo(transaction, [now.file.id], retentionMs)
}

/** Takes a file out of a folder; gives whether it was there. */
export async function removeEntry(
  { db, retentionMs }: Pick<Context, 'db' | 'retentionMs'>,
  { seq }: FolderRow,
  path: string,
): Promise<boolean> {
  return await db.transaction(async (transaction) => {
    await touch(transaction, seq)
    const removed = await transaction
      .delete(entries)
      .where(and(eq(entries.folder, seq), eq(entries.path, path)))
      .returning({ fileId: entries.fileId })
    await letGo(
      transaction,
      removed.map(({ fileId }) => fileId),
      retentionMs,
    )
    return removed.length > 0
  })
}

/**
 * Files that were taken out of a folder expire after a while, in which jobs that were told of them can still read them;
 * but not those that are in another folder.
 */
export async function letGo(transaction: Transaction, fileIds: readonly string[], retentionMs: number): Promise<void> {
  if (fileIds.length === 0) return
  const those = inArray(files.id, [...fileIds])
  // who takes the same file out of another folder waits here, and then sees what was done; in one order everywhere
  await transaction.select({ id: files.id }).from(files).where(those).orderBy(files.id).for('update')
  const others = transaction.select({ path: entries.path }).from(entries).where(eq(entries.fileId, files.id))
  await transaction
    .update(files)
    .set({ letGoAt: sql`now()`, expiresAt: sql`now() + ${retentionMs} * interval '1 ms'` })
    .where(and(those, notExists(others)))
}

async function checkWay(transaction: Transaction, folder: number, path: string, maxFiles: number): Promise<void> {
  const names = path.split('/')
  const above = names.slice(1).map((_, depth) => names.slice(0, depth + 1).join('/'))
  const inTheWay = sql`${entries.path} = any(${sql.param(above)}::text[]) or starts_with(${entries.path}, ${`${path}/`})`
  const [found] = await transaction
    .select({ all: count(), inTheWay: sql<number>`(count(*) filter (where ${inTheWay}))::int` })
    .from(entries)
    .where(eq(entries.folder, folder))
  if (found && found.inTheWay > 0) throw new WarrenError('CONFLICT', `"${path}" cannot be a file and a folder`)
  if (found && found.all >= maxFiles) throw new WarrenError('TOO_LARGE', `A folder has at most ${maxFiles} files`)
}

async function touch(transaction: Transaction, folder: number): Promise<void> {
  await transaction
    .update(folders)
    .set({ modifiedAt: sql`now()` })
    .where(eq(folders.seq, folder))
}
