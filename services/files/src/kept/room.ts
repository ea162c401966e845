import { WarrenError } from '@warren/contracts'
import { sql } from 'drizzle-orm'
import type { Limits } from '../config.ts'
import type { Context } from '../context.ts'
import type { Transaction } from './transaction.ts'

/** What an owner may still store. */
export interface Room {
  /** Of one file; the least of what the limits leave. */
  readonly maxBytes: number
  /** What to say of a file with more. */
  tooLarge(bytes?: number): WarrenError
}

interface Used {
  readonly [column: string]: unknown
  readonly files: number
  readonly bytes: number
  readonly uploads: number
}

/**
 * The room that is left, so that a file that is too large is refused before its bytes flow. Open uploads count with
 * their whole length.
 *
 * @throws WarrenError QUOTA_EXCEEDED when not even an empty file has room
 */
export async function roomOf({ db, limits }: Pick<Context, 'db' | 'limits'>, owner: string): Promise<Room> {
  if (!isLimited(limits)) return roomFor(limits, { files: 0, bytes: 0, uploads: 0 })
  return roomFor(limits, await usedBy(db, owner))
}

/** Of files of one owner that end at once, each counts with those before it: taken before any blob is held. */
export async function lockRoom(transaction: Transaction, limits: Limits, owner: string): Promise<void> {
  if (!isLimited(limits)) return
  await transaction.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`warren.files.${owner}`}, 0))`)
}

/**
 * Holds the quota for good, when a file is stored. The upload that it comes from no longer counts.
 *
 * @throws WarrenError QUOTA_EXCEEDED
 */
export async function claimRoom(
  transaction: Transaction,
  limits: Limits,
  owner: string,
  size: number,
  upload?: { readonly id: string },
): Promise<void> {
  if (!isLimited(limits)) return
  const room = roomFor(limits, await usedBy(transaction, owner, upload?.id))
  if (size > room.maxBytes) throw room.tooLarge(size)
}

/** @throws WarrenError TOO_MANY_UPLOADS */
export async function checkUploads({ db, limits }: Pick<Context, 'db' | 'limits'>, owner: string): Promise<void> {
  const { uploads } = await usedBy(db, owner)
  if (uploads < limits.maxUploads) return
  const more = { open: uploads, maxUploads: limits.maxUploads }
  throw new WarrenError('TOO_MANY_UPLOADS', `${uploads} uploads are open`, { retryAfter: 60, more })
}

function isLimited({ quotaBytes, quotaFiles }: Limits): boolean {
  return quotaBytes !== Infinity || quotaFiles !== Infinity
}

async function usedBy(db: Pick<Context['db'], 'execute'>, owner: string, except = ''): Promise<Used> {
  const [used] = await db.execute<Used>(sql`
select kept.files::int as files, (kept.bytes + open.bytes)::float8 as bytes, open.uploads::int as uploads from
  (select count(*) as files, coalesce(sum(size), 0) as bytes from files.files join files.blobs using (digest)
    where owner = ${owner} and deleted_at is null and let_go_at is null
      and (expires_at is null or expires_at > now())) as kept,
  (select count(*) as uploads, coalesce(sum(coalesce(length, received)), 0) as bytes from files.uploads
    where owner = ${owner} and id <> ${except} and file_id is null and expires_at > now()) as open`)
  return used as Used
}

function roomFor({ maxFileBytes, quotaBytes, quotaFiles }: Limits, used: Used): Room {
  if (used.files >= quotaFiles) {
    const more = { quotaFiles, usedFiles: used.files }
    throw new WarrenError('QUOTA_EXCEEDED', `${used.files} of ${quotaFiles} files are stored`, { more })
  }
  const left = Math.max(quotaBytes - used.bytes, 0)
  return { maxBytes: Math.min(maxFileBytes, left), tooLarge }

  function tooLarge(bytes?: number): WarrenError {
    const size = bytes !== undefined && { size: bytes }
    if (left < maxFileBytes && (bytes ?? 0) <= maxFileBytes) {
      const more = { quotaBytes, usedBytes: used.bytes, leftBytes: left, ...size }
      return new WarrenError('QUOTA_EXCEEDED', `${left} of ${quotaBytes} bytes are left`, { more })
    }
    const more = { maxBytes: maxFileBytes, ...size }
    return new WarrenError('TOO_LARGE', `A file has at most ${maxFileBytes} bytes`, { more })
  }
}
