import type { Readable } from 'node:stream'
import { Busboy, type BusboyHeaders } from '@fastify/busboy'
import { WarrenError } from '@warren/contracts'
import type { Context } from '../context.ts'
import { hexadecimal } from '../http/digest.ts'
import { fileName, mediaTypeOf, UNNAMED } from '../http/name.ts'
import { keepFiles, type About, type Kept, type ToKeep } from '../kept/keep.ts'
import { roomOf, type Room } from '../kept/room.ts'
import { chunksOf } from '../store/chunks.ts'
import { receive } from '../store/receive.ts'
import { lengthOf } from './asked.ts'

const MAX_FILES = 1_000
/** What boundaries and part headers may add to the bytes of the files. */
const OVERHEAD_BYTES = 1_048_576

/**
 * Takes the files of a `multipart/form-data` body (RFC 7578), one after the other as they come, none of them in memory.
 * All of them become files, or none. A field `sha256` declares the digest of the file behind it.
 *
 * @throws WarrenError BAD_INPUT, TOO_LARGE, QUOTA_EXCEEDED, DIGEST_MISMATCH
 */
export async function receiveForm(
  context: Context,
  { headers, body }: Request,
  about: Omit<About, 'name' | 'mediaType'>,
  declared?: string,
): Promise<Kept> {
  const room = await roomOf(context, about.owner)
  const length = lengthOf(headers)
  if (length !== undefined && length - OVERHEAD_BYTES > room.maxBytes) throw room.tooLarge(length)
  const received: ToKeep[] = []
  try {
    await readParts(body, headers, { digest: declared, take })
    if (received.length === 0) throw new WarrenError('BAD_INPUT', 'The form has no file')
  } catch (error) {
    for (const { received: one } of received) await one.incoming.discard()
    throw error
  }
  return await keepFiles(context, received)

  async function take(part: Part): Promise<void> {
    if (received.length >= MAX_FILES) throw new WarrenError('TOO_LARGE', `A form has at most ${MAX_FILES} files`)
    // browsers write quotes so (HTML, section 4.10.22.8)
    const name = part.name ? fileName(part.name.replaceAll('%22', '"')) : UNNAMED
    const { requestKey } = about
    const one = await receive(context.spool, part.bytes, { digest: part.digest, ...leftOf(room, received) })
    received.push({
      ...about,
      name,
      mediaType: mediaTypeOf(part.type, name),
      ...(requestKey !== undefined && { requestKey: `${requestKey} ${received.length}` }),
      received: one,
    })
  }
}

interface Part {
  readonly name: string | undefined
  readonly type: string
  readonly digest: string | undefined
  readonly bytes: AsyncIterable<Uint8Array>
}

interface Taker {
  /** Of the first file, unless a field says another */
  readonly digest: string | undefined
  take(part: Part): Promise<void>
}

/** Feeds the parser as fast as files are taken, each after the one before. */
async function readParts(body: Request['body'], headers: Headers, { digest, take }: Taker): Promise<void> {
  const parser = parserOf(headers)
  const open = new Set<Readable>()
  let declared = digest
  let failure: Error | undefined
  let taking = Promise.resolve()
  const over = new Promise<void>((resolve) => parser.once('finish', resolve).once('close', resolve))
  parser.on('field', (field, value) => {
    if (field === 'sha256' && value !== '') declared = value
  })
  parser.on('file', (_field, bytes, name, _encoding, type) => {
    const part = { name, type, digest: declared, bytes }
    declared = undefined
    open.add(bytes)
    // what went wrong with it is told by who reads it
    bytes.on('error', () => {})
    if (failure) bytes.destroy(failure)
    taking = taking
      .then(() => take({ ...part, digest: part.digest === undefined ? undefined : hexadecimal(part.digest) }))
      .then(() => void open.delete(bytes))
      .catch(fail)
  })
  parser.on('error', (cause) => fail(new WarrenError('BAD_INPUT', 'The form is malformed', { cause })))

  try {
    for await (const chunk of chunksOf(body)) {
      if (failure) break
      if (!parser.write(chunk)) await Promise.race([new Promise((resolve) => parser.once('drain', resolve)), over])
    }
    if (!failure) parser.end()
  } catch (error) {
    fail(error as Error)
  }
  await over
  await taking
  if (failure) throw failure

  function fail(error: Error): void {
    failure ??= error
    for (const bytes of open) bytes.destroy(failure)
    parser.destroy()
  }
}

function parserOf(headers: Headers): InstanceType<typeof Busboy> {
  try {
    const type = { 'content-type': headers.get('content-type') ?? '' } as BusboyHeaders
    return new Busboy({ headers: type, preservePath: true, limits: { fieldSize: 65_536, fields: 1_000 } })
  } catch (cause) {
    throw new WarrenError('BAD_INPUT', 'The form is malformed', { cause })
  }
}

function leftOf({ maxBytes, tooLarge }: Room, received: readonly ToKeep[]): Pick<Room, 'maxBytes' | 'tooLarge'> {
  const used = received.reduce((sum, one) => sum + one.received.bytes, 0)
  return { maxBytes: Math.max(maxBytes - used, 0), tooLarge }
}
