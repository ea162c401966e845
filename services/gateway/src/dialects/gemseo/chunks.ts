import { WarrenError, type FileDocument, type UploadList } from '@warren/contracts'
import type { Context } from '../../context.ts'
import type { RequestContext } from '../../env.ts'
import { askFiles } from './ask-files.ts'

/** A piece of a file, as the client counts them. */
export interface Chunk {
  readonly name: string
  readonly type: string
  /** From 0 */
  readonly number: number
  readonly total: number
  /** Which of the files of one request */
  readonly place: number
  readonly bytes: Uint8Array
}

type Upload = UploadList['uploads'][number]
type Apps = Pick<Context, 'apps'>

const tus = { 'tus-resumable': '1.0.0' }
const octets = { 'content-type': 'application/offset+octet-stream' }

/**
 * Stores a chunk, and gives the file when that was the last one. The chunks of a file are an upload that is found again
 * by the name of the file: two uploads of one user under the same name at once are one, begun anew by each first chunk;
 * the digest tells the client. A chunk that comes again does no harm.
 *
 * @throws WarrenError CONFLICT of a chunk whose predecessors are not here, or what the files service refuses it with
 */
export async function storeChunk(c: RequestContext, context: Apps, chunk: Chunk): Promise<FileDocument | undefined> {
  const { number, total } = chunk
  if (total === 1) return await storeWhole(c, context, chunk)
  const open = await findUploads(c, context, chunk)
  if (number === 0) return await begin(c, context, chunk, open)
  const [upload] = open
  if (!upload) throw new WarrenError('CONFLICT', `Chunk 0 of "${chunk.name}" is not here`)
  return await goOn(c, context, chunk, upload)
}

async function storeWhole(c: RequestContext, context: Apps, { name, type, bytes }: Chunk): Promise<FileDocument> {
  const target = `/files?name=${encodeURIComponent(name)}`
  const stored = await askFiles(c, context, { method: 'POST', target, headers: typed(type), body: bytes })
  return stored.json as FileDocument
}

async function findUploads(c: RequestContext, context: Apps, chunk: Chunk): Promise<readonly Upload[]> {
  const target = `/files/uploads?key=${encodeURIComponent(keyOf(chunk))}`
  return ((await askFiles(c, context, { method: 'GET', target })).json as UploadList).uploads
}

async function begin(c: RequestContext, context: Apps, chunk: Chunk, open: readonly Upload[]): Promise<undefined> {
  for (const { id } of open)
    await askFiles(c, context, { method: 'DELETE', target: `/files/uploads/${id}`, headers: tus })
  const { name, type, bytes } = chunk
  const metadata = { filename: name, filetype: type, key: keyOf(chunk), chunkbytes: String(bytes.byteLength) }
  const headers = { ...tus, ...octets, 'upload-defer-length': '1', 'upload-metadata': printMetadata(metadata) }
  await askFiles(c, context, { method: 'POST', target: '/files/uploads', headers, body: bytes })
}

/** All chunks but the last have the size of the first. */
async function goOn(
  c: RequestContext,
  context: Apps,
  { name, number, total, bytes }: Chunk,
  { id, offset, metadata }: Upload,
): Promise<FileDocument | undefined> {
  const from = number * Number(metadata['chunkbytes'])
  const isLast = number === total - 1
  if (offset < from) throw new WarrenError('CONFLICT', `The chunk before chunk ${number} of "${name}" is not here`)
  const to = from + bytes.byteLength
  if (offset >= to && !isLast) return undefined
  const headers = { ...tus, ...octets, 'upload-offset': String(offset), ...(isLast && { 'upload-length': String(to) }) }
  const rest = bytes.subarray(offset - from)
  const answer = await askFiles(c, context, { method: 'PATCH', target: `/files/uploads/${id}`, headers, body: rest })
  const file = /[^/]+$/.exec(answer.headers.get('warren-file') ?? '')?.[0]
  if (file === undefined) return undefined
  return (await askFiles(c, context, { method: 'GET', target: `/files/${file}/metadata` })).json as FileDocument
}

function keyOf({ name, total, place }: Chunk): string {
  return `${name}/${place}/${total}`
}

function printMetadata(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')
}

function typed(type: string): Record<string, string> {
  return type === '' ? {} : { 'content-type': type }
}
