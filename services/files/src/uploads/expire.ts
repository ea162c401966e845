import { eq, inArray, lt, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { uploads } from '../db/schema.ts'
import type { UploadRow } from './rows.ts'

type ExpireContext = Pick<Context, 'db' | 'spool' | 'sessions'>

/** Ends an upload: nothing of it stays, but the file that it became. */
export async function removeUpload(
  { db, spool, sessions }: ExpireContext,
  { id }: Pick<UploadRow, 'id'>,
): Promise<void> {
  const [row] = await db.delete(uploads).where(eq(uploads.id, id)).returning({ parts: uploads.parts })
  await sessions.drop(id)
  await spool.remove((row?.parts ?? []).map(({ spooled }) => spooled))
}

/** Ends uploads that have not gone on for too long. */
export async function expireUploads({ db, spool, sessions }: ExpireContext): Promise<{ count: number; bytes: number }> {
  const over = await db
    .delete(uploads)
    .where(lt(uploads.expiresAt, sql`now()`))
    .returning()
  for (const { id, parts } of over) {
    await sessions.drop(id)
    await spool.remove(parts.map(({ spooled }) => spooled))
  }
  const left = over.filter(({ fileId }) => fileId === null)
  return { count: left.length, bytes: left.reduce((sum, { received }) => sum + received, 0) }
}

/** Which of these files of the spool are parts of uploads. */
export async function spooledByUploads(
  { db }: Pick<Context, 'db'>,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set()
  const part = sql<string>`part ->> 'spooled'`
  const rows = await db
    .select({ spooled: part })
    .from(sql`${uploads} cross join lateral jsonb_array_elements(${uploads.parts}) as part`)
    .where(inArray(part, [...names]))
  return new Set(rows.map(({ spooled }) => spooled))
}
