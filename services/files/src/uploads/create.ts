import { WarrenError, type Asker } from '@warren/contracts'
import { and, eq, inArray } from 'drizzle-orm'
import { nanoid } from 'nanoid'
import type { Context } from '../context.ts'
import { uploads } from '../db/schema.ts'
import { checkUploads, roomOf } from '../kept/room.ts'
import { expiry, isWhole, type UploadRow } from './rows.ts'

/** What a client says of an upload when it begins. */
export interface Creation {
  readonly length: number | null
  readonly name: string
  readonly mediaType: string
  /** SHA-256 of the whole, as metadata `sha256` */
  readonly declared: string | null
  readonly metadata: string | null
  readonly concat: 'partial' | 'final' | undefined
}

type CreateContext = Pick<Context, 'db' | 'limits' | 'uploadTtlMs'>

/**
 * Begins an upload, after a look whether there is room for all of it. A final one is made of partial ones, which are
 * no more then.
 *
 * @throws WarrenError TOO_LARGE, QUOTA_EXCEEDED, TOO_MANY_UPLOADS; NO_SUCH_UPLOAD and CONFLICT of partial ones
 */
export async function createUpload(
  context: CreateContext,
  { principal: owner }: Asker,
  creation: Creation,
  partIds: readonly string[] = [],
): Promise<UploadRow> {
  const { length, name, mediaType, declared, metadata, concat } = creation
  const about = { id: nanoid(), owner, name, mediaType, declared, metadata, expiresAt: expiry(context.uploadTtlMs) }
  if (concat === 'final') return await joinUploads(context, about, partIds)
  await checkUploads(context, owner)
  const { maxBytes, tooLarge } = await roomOf(context, owner)
  if (length !== null && length > maxBytes) throw tooLarge(length)
  const [row] = await context.db
    .insert(uploads)
    .values({ ...about, length, isPartial: concat === 'partial' })
    .returning()
  return row as UploadRow
}

type About = Pick<typeof uploads.$inferInsert, 'id' | 'owner' | 'name' | 'mediaType' | 'declared' | 'metadata'> & {
  readonly expiresAt: ReturnType<typeof expiry>
}

async function joinUploads({ db, limits }: CreateContext, about: About, ids: readonly string[]): Promise<UploadRow> {
  return await db.transaction(async (transaction) => {
    const found = await transaction
      .delete(uploads)
      .where(and(inArray(uploads.id, [...ids]), eq(uploads.owner, about.owner), eq(uploads.isPartial, true)))
      .returning()
    const inOrder = ids.map((id) => found.find((row) => row.id === id))
    if (inOrder.some((row) => row === undefined) || new Set(ids).size < ids.length) {
      throw new WarrenError('NO_SUCH_UPLOAD', 'Not all of these are partial uploads')
    }
    const rows = inOrder as UploadRow[]
    if (!rows.every(isWhole)) throw new WarrenError('CONFLICT', 'Not all of these uploads have ended')
    const length = rows.reduce((sum, { received }) => sum + received, 0)
    if (length > limits.maxFileBytes) throw new WarrenError('TOO_LARGE')
    const parts = rows.flatMap(({ parts }) => parts)
    const [row] = await transaction
      .insert(uploads)
      .values({ ...about, length, received: length, parts })
      .returning()
    return row as UploadRow
  })
}
