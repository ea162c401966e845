import { WarrenError, onlyOwner, type Asker } from '@warren/contracts'
import { and, desc, eq, gt, ilike, isNull, lt, or, sql, type Column, type SQL } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { blobs, files } from '../db/schema.ts'

export type FileRow = typeof files.$inferSelect & { readonly size: number }

/** Neither deleted nor past its time: what can be seen. */
export const isVisible = and(
  isNull(files.deletedAt),
  or(isNull(files.expiresAt), gt(files.expiresAt, sql`now()`)),
) as SQL

/** Those of a file, with the size of its blob. */
export const fileColumns = {
  id: files.id,
  seq: files.seq,
  digest: files.digest,
  name: files.name,
  owner: files.owner,
  mediaType: files.mediaType,
  createdAt: files.createdAt,
  expiresAt: files.expiresAt,
  deletedAt: files.deletedAt,
  letGoAt: files.letGoAt,
  requestKey: files.requestKey,
  size: blobs.size,
}

/** Files with the sizes of their blobs, where a condition holds. */
export function selectFiles(db: Pick<Context['db'], 'select'>, condition: SQL | undefined) {
  return db.select(fileColumns).from(files).innerJoin(blobs, eq(blobs.digest, files.digest)).where(condition)
}

/** @throws WarrenError NO_SUCH_FILE, also of those of others */
export async function findFile({ db }: Pick<Context, 'db'>, id: string, asker: Asker): Promise<FileRow> {
  const owner = onlyOwner(asker)
  const mine = owner === undefined ? undefined : eq(files.owner, owner)
  const [row] = await selectFiles(db, and(eq(files.id, id), isVisible, mine))
  if (!row) throw new WarrenError('NO_SUCH_FILE', `There is no file "${id}"`)
  return row
}

export interface FileQuery {
  /** With `*` for any text */
  readonly name?: string | undefined
  readonly digest?: string | undefined
  readonly limit: number
  readonly after?: number | undefined
}

/** Newest first. */
export async function listFiles(
  { db }: Pick<Context, 'db'>,
  { name, digest, limit, after }: FileQuery,
  asker: Asker,
): Promise<FileRow[]> {
  const owner = onlyOwner(asker)
  return await selectFiles(
    db,
    and(
      isVisible,
      owner === undefined ? undefined : eq(files.owner, owner),
      name === undefined ? undefined : named(files.name, name),
      digest === undefined ? undefined : eq(files.digest, digest),
      after === undefined ? undefined : lt(files.seq, after),
    ),
  )
    .orderBy(desc(files.seq))
    .limit(limit)
}

/** Whether a column is a name in which `*` stands for any text. */
export function named(column: Column, name: string): SQL {
  if (!name.includes('*')) return eq(column, name)
  return ilike(column, name.replaceAll(/[\\%_]/g, String.raw`\$&`).replaceAll('*', '%'))
}
