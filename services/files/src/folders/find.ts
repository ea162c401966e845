import { isAdmin, onlyOwner, WarrenError, type Asker } from '@warren/contracts'
import { and, asc, count, desc, eq, getTableColumns, lt, sql, sum, type SQL } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { blobs, entries, files, folders } from '../db/schema.ts'
import { fileColumns, named, type FileRow } from '../kept/find.ts'

export type FolderRow = typeof folders.$inferSelect

export type FolderSum = FolderRow & { readonly files: number; readonly size: number }

export interface EntryRow {
  readonly path: string
  readonly modifiedAt: Date
  readonly file: FileRow
}

type Readable = Pick<Context['db'], 'select'>

/** Whose folders are meant: the asker's own, unless an administrator names somebody. @throws WarrenError NO_SUCH_FOLDER */
export function folderOwner(asker: Asker, named: string | undefined): string {
  if (named === undefined || named === asker.principal || isAdmin(asker)) return named ?? asker.principal
  throw new WarrenError('NO_SUCH_FOLDER')
}

/** @throws WarrenError NO_SUCH_FOLDER */
export async function findFolder(db: Readable, owner: string, id: string): Promise<FolderRow> {
  const [row] = await db.select().from(folders).where(isFolder(owner, id))
  return row ?? noSuchFolder(id)
}

export function isFolder(owner: string, id: string): SQL {
  return and(eq(folders.owner, owner), eq(folders.id, id)) as SQL
}

export function noSuchFolder(id: string): never {
  throw new WarrenError('NO_SUCH_FOLDER', `There is no folder "${id}"`)
}

export interface FolderQuery {
  readonly owner?: string | undefined
  /** With `*` for any text */
  readonly id?: string | undefined
  readonly limit: number
  readonly after?: number | undefined
}

/** Newest first. */
export async function listFolders(db: Readable, query: FolderQuery, asker: Asker): Promise<FolderSum[]> {
  const { id, limit, after } = query
  const owner = query.owner ?? onlyOwner(asker)
  return await db
    .select({
      ...getTableColumns(folders),
      files: count(entries.path),
      size: sum(blobs.size).mapWith((text) => Number(text ?? 0)),
    })
    .from(folders)
    .leftJoin(entries, eq(entries.folder, folders.seq))
    .leftJoin(files, eq(files.id, entries.fileId))
    .leftJoin(blobs, eq(blobs.digest, files.digest))
    .where(
      and(
        owner === undefined ? undefined : eq(folders.owner, owner),
        id === undefined ? undefined : named(folders.id, id),
        after === undefined ? undefined : lt(folders.seq, after),
      ),
    )
    .groupBy(folders.seq)
    .orderBy(desc(folders.seq))
    .limit(limit)
}

/** In the order of the paths, byte by byte. */
export async function listEntries(db: Readable, { seq }: Pick<FolderRow, 'seq'>): Promise<EntryRow[]> {
  return await selectEntries(db, eq(entries.folder, seq)).orderBy(asc(sql`${entries.path} collate "C"`))
}

/** @throws WarrenError NO_SUCH_FILE */
export async function findEntry(db: Readable, { seq, id }: FolderRow, path: string): Promise<EntryRow> {
  const [row] = await selectEntries(db, and(eq(entries.folder, seq), eq(entries.path, path)))
  if (!row) throw new WarrenError('NO_SUCH_FILE', `There is no "${path}" in the folder "${id}"`)
  return row
}

export function selectEntries(db: Readable, condition: SQL | undefined) {
  return db
    .select({ path: entries.path, modifiedAt: entries.modifiedAt, file: fileColumns })
    .from(entries)
    .innerJoin(files, eq(files.id, entries.fileId))
    .innerJoin(blobs, eq(blobs.digest, files.digest))
    .where(condition)
}
