import { and, eq, isNull } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { uploads } from '../db/schema.ts'
import { keepFiles } from '../kept/keep.ts'
import { mismatch, type Received } from '../store/receive.ts'
import { removeUpload } from './expire.ts'
import type { UploadRow } from './rows.ts'

type FinishContext = Pick<Context, 'db' | 'spool' | 'store' | 'limits' | 'retentionMs' | 'relay' | 'sessions'>

class FinishedElsewhere extends Error {}

/**
 * Makes a file of an upload that is whole, here or elsewhere. May be done again, by whom ever, until it is done.
 *
 * @throws WarrenError DIGEST_MISMATCH, and then the upload is gone
 */
export async function finishUpload(
  context: FinishContext,
  upload: UploadRow,
  elsewhere?: Received,
): Promise<UploadRow> {
  if (upload.fileId !== null || upload.isPartial) return upload
  const { db, spool, sessions } = context
  const received = elsewhere ?? (await gather(context, upload))
  if (upload.declared !== null && upload.declared !== received.digest) {
    await received.incoming.discard()
    await removeUpload(context, upload)
    throw mismatch(upload.declared, received.digest)
  }
  const { owner, name, mediaType } = upload
  try {
    const { rows } = await keepFiles(context, [{ received, owner, name, mediaType }], {
      upload,
      also: async (transaction, [file]) => {
        const ended = await transaction
          .update(uploads)
          .set({ fileId: file?.id ?? null, received: received.bytes, parts: [], writer: null })
          .where(and(eq(uploads.id, upload.id), isNull(uploads.fileId)))
          .returning({ id: uploads.id })
        if (ended.length === 0) throw new FinishedElsewhere()
      },
    })
    await sessions.drop(upload.id)
    await spool.remove(upload.parts.map(({ spooled }) => spooled))
    return { ...upload, fileId: rows[0]?.id ?? null, received: received.bytes, parts: [], writer: null }
  } catch (error) {
    if (!(error instanceof FinishedElsewhere)) throw error
    const [row] = await db.select().from(uploads).where(eq(uploads.id, upload.id))
    return row ?? upload
  }
}

/** The whole in one file: the only part, whose hash is known, or a copy of all parts, hashed on the way. */
async function gather({ spool, sessions }: FinishContext, { id, parts, received }: UploadRow): Promise<Received> {
  const session = sessions.get(id)
  const [first, ...others] = parts.filter(({ bytes }) => bytes > 0)
  const isReady = session?.isWhole && others.length === 0 && session.incoming.name === first?.spooled
  if (session && isReady && session.incoming.bytes === received) {
    // the part itself stays, in case that the file cannot be kept now
    const incoming = await spool.again(session.incoming)
    return { incoming, bytes: received, digest: session.incoming.digest() }
  }
  const incoming = await spool.create()
  try {
    await incoming.write(new Uint8Array())
    for (const { spooled, bytes } of parts.filter(({ bytes }) => bytes > 0)) {
      for await (const chunk of spool.chunks(spooled, bytes)) await incoming.write(chunk)
    }
    if (incoming.bytes !== received) throw new Error(`the parts of ${id} have ${incoming.bytes} bytes, not ${received}`)
    return { incoming, bytes: incoming.bytes, digest: incoming.digest() }
  } catch (error) {
    await incoming.discard()
    throw error
  }
}
