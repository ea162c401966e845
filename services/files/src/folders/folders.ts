import { WarrenError } from '@warren/contracts'
import { eq, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { entries, folders } from '../db/schema.ts'
import { letGo } from './entries.ts'
import { isFolder, noSuchFolder, type FolderRow } from './find.ts'

/**
 * Makes a folder: an empty one, or one with the same files as another. Only rows are copied.
 *
 * @throws WarrenError CONFLICT when there is one of this name, NO_SUCH_FOLDER
 */
export async function createFolder(
  { db }: Pick<Context, 'db'>,
  owner: string,
  { id, from }: { readonly id: string; readonly from?: string | undefined },
): Promise<FolderRow> {
  return await db.transaction(async (transaction) => {
    const [folder] = await transaction.insert(folders).values({ owner, id }).onConflictDoNothing().returning()
    if (!folder) throw new WarrenError('CONFLICT', `There is a folder "${id}" already`)
    if (from === undefined) return folder
    // while it is held nothing leaves it, and so none of its files is about to expire
    const [source] = await transaction.select().from(folders).where(isFolder(owner, from)).for('share')
    if (!source) noSuchFolder(from)
    // in the order in which files are locked everywhere
    await transaction.execute(sql`
insert into ${entries} (folder, path, file_id, modified_at)
select ${folder.seq}, path, file_id, modified_at from ${entries} where folder = ${source.seq} order by file_id`)
    return folder
  })
}

/** Removes a folder, and lets its files go. @throws WarrenError NO_SUCH_FOLDER */
export async function removeFolder(
  { db, retentionMs }: Pick<Context, 'db' | 'retentionMs'>,
  { owner, id }: FolderRow,
): Promise<void> {
  await db.transaction(async (transaction) => {
    const [folder] = await transaction.select().from(folders).where(isFolder(owner, id)).for('update')
    if (!folder) noSuchFolder(id)
    const removed = await transaction
      .delete(entries)
      .where(eq(entries.folder, folder.seq))
      .returning({ fileId: entries.fileId })
    await transaction.delete(folders).where(eq(folders.seq, folder.seq))
    const fileIds = removed.map(({ fileId }) => fileId)
    await letGo(transaction, [...new Set(fileIds)], retentionMs)
  })
}
