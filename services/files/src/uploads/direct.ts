import { WarrenError } from '@warren/contracts'
import { and, inArray, isNull } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { uploads } from '../db/schema.ts'
import type { Direct } from '../store/store.ts'
import { finishUpload } from './finish.ts'
import type { UploadRow } from './rows.ts'

type DirectContext = Parameters<typeof finishUpload>[0]

/** An upload of which everything is known, and nothing has come here. */
interface DirectUpload extends UploadRow {
  readonly length: number
  readonly declared: string
}

/** @throws WarrenError UNIMPLEMENTED when the store has no place for it, CONFLICT when it has begun here, TOO_LARGE */
export function directUpload({ store }: Pick<Context, 'store'>, upload: UploadRow): [Direct, DirectUpload] {
  const { length, declared, received, isPartial } = upload
  if (!store.direct) throw new WarrenError('UNIMPLEMENTED', 'Bytes have to come through here')
  if (length === null || declared === null || isPartial) {
    throw new WarrenError('CONFLICT', 'Begin it with Upload-Length and `sha256` in Upload-Metadata')
  }
  if (received > 0) throw new WarrenError('CONFLICT', 'It has begun here, and goes on here')
  if (length > store.direct.mostBytes) {
    throw new WarrenError('TOO_LARGE', undefined, { more: { maxBytes: store.direct.mostBytes } })
  }
  return [store.direct, { ...upload, length, declared }]
}

/**
 * Makes a file of what was sent to the URL, after it was compared with what was said of it. May be done again.
 *
 * @throws WarrenError as `directUpload`; DIGEST_MISMATCH and BAD_INPUT (another length): then it may be sent again
 */
export async function completeDirectly(context: DirectContext, upload: UploadRow): Promise<UploadRow> {
  if (upload.fileId !== null) return upload
  const [direct, { id, declared, length }] = directUpload(context, upload)
  await direct.adopt(id, declared, length)
  // nothing is spooled, and nothing has to be placed any more
  const incoming = { path: '', close: async () => {}, discard: async () => {} }
  const ended = await finishUpload(context, upload, { incoming, bytes: length, digest: declared })
  await direct.discard(id)
  return ended
}

/** Which of these uploads may still get bytes in the store. */
export async function openUploads({ db }: Pick<Context, 'db'>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .select({ id: uploads.id })
    .from(uploads)
    .where(and(inArray(uploads.id, [...ids]), isNull(uploads.fileId)))
  return new Set(rows.map(({ id }) => id))
}
