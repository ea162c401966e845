import type { Asker } from '@warren/contracts'
import { and, desc, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { uploads } from '../db/schema.ts'
import type { UploadRow } from './rows.ts'

/** Open uploads of a principal whose metadata has this `key`, newest first. */
export async function listUploads(
  { db }: Pick<Context, 'db'>,
  { principal }: Asker,
  key: string,
  limit: number,
): Promise<UploadRow[]> {
  const pair = `key ${Buffer.from(key).toString('base64')}`
  return await db
    .select()
    .from(uploads)
    .where(
      and(
        eq(uploads.owner, principal),
        isNull(uploads.fileId),
        gt(uploads.expiresAt, sql`now()`),
        sql`${pair} = any(regexp_split_to_array(${uploads.metadata}, '\\s*,\\s*'))`,
      ),
    )
    .orderBy(desc(uploads.createdAt))
    .limit(limit)
}
