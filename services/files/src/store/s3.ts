import { Readable } from 'node:stream'
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { WarrenError } from '@warren/contracts'
import type { RunningService } from '@warren/mesh'
import { asked, isMissing, openClient, probe, untilUsable, within, type S3Config } from './s3-client.ts'
import { directTo } from './s3-direct.ts'
import { abandonUploads, uploadFile } from './s3-upload.ts'
import type { ByteRange, Store } from './store.ts'

/** How long the beginning of an object may take. */
const BEGIN_MS = 30_000

/**
 * Keeps blobs in a bucket, as `id/blobs/ab/abcd…`: the names that the disk store has, so that one can be copied to the
 * other. Bytes are spooled and checked here first; an object appears at once, when it is whole.
 */
export async function openS3Store(
  config: S3Config,
  id: string,
  service: Pick<RunningService, 'check' | 'log' | 'release' | 'signal'>,
): Promise<Store> {
  const { bucket: Bucket } = config
  const [blobs, incoming] = [`${id}/blobs/`, `${id}/incoming/`]
  const client = openClient(config, service)
  const outside = config.publicEndpoint === undefined ? client : openClient(config, service, config.publicEndpoint)
  const underWay = new Map<string, Promise<void>>()
  service.check('store', () => probe(client, Bucket))
  service.release('store', () => [client, outside].forEach((each) => each.destroy()))
  await untilUsable(() => probe(client, Bucket), service)
  const redirects = { fromBytes: config.redirectBytes, sign }
  const places = { incoming: (name: string) => ({ Bucket, Key: incoming + name }), blob: at }
  const direct = directTo({ client, outside, urlMs: config.urlMs, ...places })
  return { has, prepare, place: upload, read, remove, list, sweep, redirects, direct }

  async function has(digest: string, size: number): Promise<boolean> {
    try {
      const { ContentLength } = await asked(client.send(new HeadObjectCommand(at(digest)), within()))
      return ContentLength === size
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  /** The same bytes are sent once, however often they came at once. */
  async function prepare(path: string, digest: string, size: number): Promise<void> {
    const sending = underWay.get(digest) ?? upload(path, digest, size).finally(() => underWay.delete(digest))
    underWay.set(digest, sending)
    await sending
  }

  async function upload(path: string, digest: string, size: number): Promise<void> {
    if (!(await has(digest, size))) await uploadFile({ client, ...at(digest) }, path, size)
  }

  async function read(digest: string, { from, to }: ByteRange, signal?: AbortSignal) {
    if (from === to) return new Response('').body as ReadableStream<Uint8Array>
    // the time is for the beginning: the rest is as slow as its reader
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), BEGIN_MS)
    const abortSignal = signal ? AbortSignal.any([signal, late.signal]) : late.signal
    try {
      const get = new GetObjectCommand({ ...at(digest), Range: `bytes=${from}-${to - 1}` })
      const { Body, ContentLength } = await asked(client.send(get, { abortSignal }))
      const body = Body as Readable
      if (ContentLength === to - from) return Readable.toWeb(body) as ReadableStream<Uint8Array>
      body.destroy()
      throw lost(digest, new Error(`${ContentLength} bytes came in place of ${to - from}`))
    } catch (error) {
      throw isMissing(error) ? lost(digest, error) : error
    } finally {
      clearTimeout(timer)
    }
  }

  async function remove(digest: string): Promise<void> {
    await asked(client.send(new DeleteObjectCommand(at(digest)), within()))
  }

  async function* list(): AsyncIterable<readonly string[]> {
    for await (const keys of keysOf(blobs)) yield keys.flatMap((key) => /[0-9a-f]{64}$/.exec(key)?.[0] ?? [])
  }

  async function* keysOf(Prefix: string): AsyncIterable<readonly string[]> {
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
      yield Contents.flatMap(({ Key }) => Key ?? [])
    }
  }

  async function sweep(isNeeded: (names: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void> {
    for await (const keys of keysOf(incoming)) {
      const names = keys.map((key) => key.slice(incoming.length))
      const needed = await isNeeded(names)
      for (const name of names) if (!needed.has(name)) await direct.discard(name)
    }
    const before = new Date(Date.now() - config.staleMs)
    await abandonUploads(client, Bucket, blobs, before).catch((error: unknown) => {
      // not every server can list them; then a rule of the bucket has to
      service.log.warn({ err: error }, 'unfinished uploads in the bucket could not be looked for')
    })
  }

  async function sign(digest: string, { type, disposition }: { type: string; disposition: string }): Promise<string> {
    const get = new GetObjectCommand({
      ...at(digest),
      ResponseContentType: type,
      ResponseContentDisposition: disposition,
      ResponseCacheControl: 'private, max-age=3600, immutable',
    })
    return await getSignedUrl(outside, get, { expiresIn: config.urlMs / 1_000 })
  }

  function at(digest: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket, Key: `${blobs}${digest.slice(0, 2)}/${digest}` }
  }
}

function lost(digest: string, cause: unknown): WarrenError {
  return new WarrenError('DATA_LOSS', 'The bytes of the file are lost', { more: { sha256: digest }, cause })
}
