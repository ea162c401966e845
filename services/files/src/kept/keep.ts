import { WarrenError } from '@warren/contracts'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { nanoid } from 'nanoid'
import type { Context } from '../context.ts'
import { blobs, files } from '../db/schema.ts'
import { record } from '../events.ts'
import { fillPlace, holdPlace, type HeldPlace, type Place } from '../folders/entries.ts'
import type { Received } from '../store/receive.ts'
import { isVisible, selectFiles, type FileRow } from './find.ts'
import { claimRoom, lockRoom } from './room.ts'
import type { Transaction } from './transaction.ts'

/** What a file is called, and whose it is. */
export interface About {
  readonly owner: string
  readonly name: string
  readonly mediaType: string
  readonly expiresAt?: Date | undefined
  /** Finds the same file again when the request is repeated. */
  readonly requestKey?: string | undefined
  /** Of several requests for the same bytes under the same name, one makes a file. */
  readonly isOnce?: boolean
  /** Where in a folder it belongs; the same bytes there again are the same file. */
  readonly place?: Place
}

export interface ToKeep extends About {
  readonly received: Received
}

export interface KeepOptions {
  /** What else is true then, or not. */
  readonly also?: (transaction: Transaction, kept: readonly FileRow[]) => Promise<void>
  /** That ends with this; its length no longer counts. */
  readonly upload?: { readonly id: string }
}

export interface Kept {
  readonly rows: readonly FileRow[]
  /** Whether any of them is new. */
  readonly isNew: boolean
}

type KeepContext = Pick<Context, 'db' | 'store' | 'limits' | 'retentionMs' | 'relay'>

/**
 * Makes files of what was received: all of them, or none. A blob gets to its place while its row is locked, so that it
 * is neither stored twice nor removed meanwhile. What was received is gone afterwards, however it ends.
 *
 * @throws WarrenError QUOTA_EXCEEDED, KEY_REUSED; of a file that belongs into a folder CONFLICT, TOO_LARGE
 */
export async function keepFiles(
  context: KeepContext,
  toKeep: readonly ToKeep[],
  { also, upload }: KeepOptions = {},
): Promise<Kept> {
  const { db, store, limits, relay } = context
  try {
    for (const { received } of toKeep) {
      await received.incoming.close()
      // not in the transaction, which would be long
      await store.prepare(received.incoming.path, received.digest, received.bytes)
    }
    const kept = await db.transaction(async (transaction) => {
      for (const { owner } of toKeep) await lockRoom(transaction, limits, owner)
      const rows = new Map<ToKeep, FileRow>()
      const added: FileRow[] = []
      // in the same order everywhere, as each locks a row
      for (const one of toKeep.toSorted((a, b) => (a.received.digest < b.received.digest ? -1 : 1))) {
        const { digest, bytes, incoming } = one.received
        await holdBlob(transaction, digest, bytes)
        const held = one.place && (await holdPlace(transaction, one.owner, one.place))
        const known = await findKnown(transaction, one, digest, held)
        if (!known) await claimRoom(transaction, limits, one.owner, bytes, upload)
        const row = known ?? (await insertFile(transaction, one, digest, bytes))
        if (held) await fillPlace(transaction, held, row, context)
        rows.set(one, row)
        if (!known) added.push(row)
        await store.place(incoming.path, digest, bytes)
      }
      await record(transaction, 'fileStored', added)
      const inOrder = toKeep.map((one) => rows.get(one) as FileRow)
      await also?.(transaction, inOrder)
      return { rows: inOrder, isNew: added.length > 0 }
    })
    if (kept.isNew) relay.wake()
    return kept
  } finally {
    for (const { received } of toKeep) await received.incoming.discard()
  }
}

/**
 * Makes a file of bytes that its owner has under another name already: nothing has to be sent.
 *
 * @returns undefined when the owner has no such bytes
 */
export async function keepKnown(context: KeepContext, about: About, digest: string): Promise<Kept | undefined> {
  const kept = await context.db.transaction(async (transaction) => {
    const [owned] = await selectFiles(
      transaction,
      and(eq(files.owner, about.owner), eq(files.digest, digest), isVisible),
    ).limit(1)
    if (!owned) return undefined
    await lockRoom(transaction, context.limits, about.owner)
    await holdBlob(transaction, digest, owned.size)
    // it may have lost its last file meanwhile
    if (!(await context.store.has(digest, owned.size))) return undefined
    const held = about.place && (await holdPlace(transaction, about.owner, about.place))
    const known = await findKnown(transaction, about, digest, held)
    if (!known) await claimRoom(transaction, context.limits, about.owner, owned.size)
    const row = known ?? (await insertFile(transaction, about, digest, owned.size))
    if (held) await fillPlace(transaction, held, row, context)
    if (!known) await record(transaction, 'fileStored', [row])
    return { rows: [row], isNew: !known }
  })
  if (kept?.isNew) context.relay.wake()
  return kept
}

/** Makes the row of a blob, or locks the one that is there. */
async function holdBlob(transaction: Transaction, digest: string, size: number): Promise<void> {
  await transaction.insert(blobs).values({ digest, size }).onConflictDoUpdate({ target: blobs.digest, set: { size } })
}

async function findKnown(
  transaction: Transaction,
  about: About,
  digest: string,
  held: HeldPlace | undefined,
): Promise<FileRow | undefined> {
  const { owner, name, mediaType, requestKey, isOnce } = about
  if (held) {
    const file = held.now?.file
    return file?.digest === digest && file.mediaType === mediaType ? file : undefined
  }
  if (requestKey !== undefined) {
    const [row] = await selectFiles(transaction, and(eq(files.owner, owner), eq(files.requestKey, requestKey)))
    if (row && (row.digest !== digest || row.name !== name)) throw new WarrenError('KEY_REUSED')
    if (row) return row
  }
  if (!isOnce) return undefined
  const same = and(eq(files.owner, owner), eq(files.digest, digest), eq(files.name, name), isNull(files.deletedAt))
  const [row] = await selectFiles(transaction, and(same, isVisible)).limit(1)
  return row
}

async function insertFile(transaction: Transaction, about: About, digest: string, size: number): Promise<FileRow> {
  const { owner, name, mediaType, expiresAt, requestKey } = about
  const [row] = await transaction
    .insert(files)
    .values({ id: nanoid(), digest, owner, name, mediaType, expiresAt, requestKey })
    .onConflictDoNothing({ target: [files.owner, files.requestKey] })
    .returning()
  if (!row) throw new WarrenError('KEY_REUSED')
  await transaction
    .update(blobs)
    .set({ references: sql`${blobs.references} + 1` })
    .where(eq(blobs.digest, digest))
  return { ...row, size }
}
