import { createHash, type Hash } from 'node:crypto'
import { WarrenError } from '@warren/contracts'
import type { Context } from '../context.ts'
import { chunksOf } from '../store/chunks.ts'
import type { Incoming } from '../store/incoming.ts'
import { finishUpload } from './finish.ts'
import { addPart, isWhole, recordPart, type UploadRow } from './rows.ts'

/** What is written is recorded so often, so that no more is lost when this instance is. */
const RECORD_BYTES = 16 * 2 ** 20
const RECORD_MS = 1_000

export interface Checksum {
  readonly algorithm: 'sha1' | 'sha256'
  /** Base64 */
  readonly value: string
}

type AppendContext = Pick<
  Context,
  'db' | 'spool' | 'store' | 'limits' | 'retentionMs' | 'relay' | 'sessions' | 'uploadTtlMs'
>

/**
 * Adds bytes to an upload, and makes a file of it when that was the last of them. What has come is kept when the sender
 * leaves, but not of a request with a checksum, which counts as a whole or not at all.
 *
 * @throws WarrenError TOO_LARGE, CANCELLED, CONFLICT (another request took over), DIGEST_MISMATCH
 */
export async function appendToUpload(
  context: AppendContext,
  upload: UploadRow,
  body: ReadableStream<Uint8Array> | null,
  { checksum, signal }: { readonly checksum?: Checksum | undefined; readonly signal: AbortSignal },
): Promise<UploadRow> {
  const { sessions } = context
  const incoming = await openPart(context, upload)
  const recorder = createRecorder(context, upload.id, incoming)
  let failure: unknown
  try {
    await write()
  } catch (error) {
    failure = error
  }
  await recorder.settled()
  if (!incoming.isSound || (checksum && failure !== undefined)) await sessions.drop(upload.id)
  if (checksum && failure !== undefined) throw failure
  const row = await recorder.record().catch(async (error: unknown) => {
    await sessions.drop(upload.id)
    throw error
  })
  await incoming.close()
  if (failure !== undefined) throw failure
  return isWhole(row) ? await finishUpload(context, row) : row

  async function write(): Promise<void> {
    const hash = checksum && createHash(checksum.algorithm)
    let left = (upload.length ?? context.limits.maxFileBytes) - upload.received
    for await (const chunk of chunksOf(body, signal)) {
      left -= chunk.byteLength
      if (left < 0) throw new WarrenError('TOO_LARGE', 'That is more than belongs to this upload')
      await incoming.write(chunk)
      hash?.update(chunk)
      if (!hash) recorder.note()
    }
    if (checksum && hash) check(checksum, hash)
  }
}

/** The part that this instance wrote to before, if that is where the upload goes on; else a new one. */
async function openPart(context: AppendContext, upload: UploadRow): Promise<Incoming> {
  const { sessions, spool } = context
  const session = sessions.get(upload.id)
  const last = upload.parts.at(-1)
  if (session && last?.spooled === session.incoming.name && last.bytes === session.incoming.bytes) {
    if (upload.writer === last.spooled) return session.incoming
  }
  await sessions.drop(upload.id)
  const incoming = await spool.create()
  try {
    await incoming.write(new Uint8Array())
    await addPart(context, upload, incoming.name)
  } catch (error) {
    await incoming.discard()
    throw error
  }
  await sessions.set(upload.id, { incoming, isWhole: upload.received === 0 })
  return incoming
}

/** Records now and then, while bytes go on coming, how many of them are on the disk. */
function createRecorder(context: AppendContext, id: string, incoming: Incoming) {
  let recordedBytes = incoming.bytes
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> | undefined
  let failure: unknown
  return { note, record, settled }

  /** @throws what went wrong the last time */
  function note(): void {
    if (failure !== undefined) throw failure
    if (incoming.bytes - recordedBytes >= RECORD_BYTES) start()
    timer ??= setTimeout(start, RECORD_MS)
  }

  function start(): void {
    clearTimeout(timer)
    timer = undefined
    running ??= record()
      .catch((error: unknown) => (failure = error))
      .finally(() => (running = undefined))
  }

  async function record(): Promise<UploadRow> {
    const { bytes } = incoming
    await incoming.sync()
    const row = await recordPart(context, id, incoming.name, bytes)
    recordedBytes = bytes
    return row
  }

  async function settled(): Promise<void> {
    clearTimeout(timer)
    await running
  }
}

function check({ algorithm, value }: Checksum, hash: Hash): void {
  const computed = hash.digest('base64')
  if (computed === value) return
  // the status that the extension Checksum of tus has for it
  const more = { status: 460, algorithm, declared: value, computed }
  throw new WarrenError('DIGEST_MISMATCH', `The ${algorithm} of these bytes is not the declared one`, { more })
}
