import { WarrenError } from '@warren/contracts'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { fileUrl } from '../kept/document.ts'
import { appendToUpload } from '../uploads/append.ts'
import { createUpload } from '../uploads/create.ts'
import { removeUpload } from '../uploads/expire.ts'
import { finishUpload } from '../uploads/finish.ts'
import { announceLength, findUpload, isWhole, type UploadRow } from '../uploads/rows.ts'
import { readChecksum, readConcat, readCreation, readInteger } from './tus-headers.ts'

const VERSION = '1.0.0'
const BYTES = 'application/offset+octet-stream'
const EXTENSIONS = 'creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation'
const path = '/files/uploads'

/** Uploads that go on where they stopped: tus 1.0, https://tus.io/protocols/resumable-upload. */
export function uploadRoutes(app: App, context: Context): void {
  const { limits, sessions } = context

  app.options(`${path}/*`, () => new Response(null, { status: 204, headers: aboutServer(limits.maxFileBytes) }))
  app.options(path, () => new Response(null, { status: 204, headers: aboutServer(limits.maxFileBytes) }))

  app.post(path, speaksTus, async (c) => {
    const { headers } = c.req.raw
    const creation = readCreation(headers)
    const upload = await createUpload(context, c.get('asker'), creation, readConcat(headers))
    const withBytes = headers.get('content-type') === BYTES && creation.concat !== 'final'
    const created = withBytes
      ? await append(c, upload, headers)
      : isWhole(upload)
        ? await finishUpload(context, upload)
        : upload
    const Location = `${c.get('base')}${path}/${upload.id}`
    return new Response(null, { status: 201, headers: { Location, ...state(c, created) } })
  })

  app.on(['HEAD', 'GET'], `${path}/:id`, async (c) => {
    const isTus = c.req.method === 'HEAD'
    if (isTus) checkVersion(c)
    const find = () => findUpload(context, c.req.param('id'), c.get('asker'))
    // a client that asks so has lost its connection, and goes on from here; others only look
    const upload = isTus
      ? await sessions.turn(c.req.param('id'), async () => {
          const found = await find()
          return isWhole(found) ? await finishUpload(context, found) : found
        })
      : await find()
    const { id, received, length, expiresAt, fileId, metadata } = upload
    const headers = {
      'Cache-Control': 'no-store',
      ...state(c, upload),
      ...(length === null ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(length) }),
      ...(metadata !== null && { 'Upload-Metadata': metadata }),
      ...(upload.isPartial && { 'Upload-Concat': 'partial' }),
    }
    if (isTus) return new Response(null, { headers })
    const file = fileId && fileUrl(c.get('base'), fileId)
    return c.json({ id, offset: received, length, expires: expiresAt.toISOString(), file }, 200, headers)
  })

  app.patch(`${path}/:id`, speaksTus, patch)
  app.delete(`${path}/:id`, speaksTus, terminate)
  // for clients that can send nothing else
  app.post(`${path}/:id`, speaksTus, async (c) => {
    const method = c.req.header('x-http-method-override')?.toUpperCase()
    if (method === 'PATCH') return await patch(c)
    if (method === 'DELETE') return await terminate(c)
    throw new WarrenError('METHOD_NOT_ALLOWED')
  })

  async function patch(c: RequestContext): Promise<Response> {
    const { headers } = c.req.raw
    if (headers.get('content-type') !== BYTES) throw new WarrenError('UNSUPPORTED_MEDIA_TYPE', `Send ${BYTES}`)
    const upload = await append(c, undefined, headers)
    return new Response(null, { status: 204, headers: state(c, upload) })
  }

  async function append(c: RequestContext, created: UploadRow | undefined, headers: Headers): Promise<UploadRow> {
    const id = created?.id ?? (c.req.param('id') as string)
    const checksum = readChecksum(headers)
    const offset = created ? 0 : readInteger(headers, 'upload-offset', true)
    return await sessions.turn(id, async (signal) => {
      let upload = await findUpload(context, id, c.get('asker'))
      if (upload.received !== offset) {
        const more = { offset: upload.received }
        throw new WarrenError('CONFLICT', `The upload goes on at byte ${upload.received}`, { more })
      }
      const length = created ? undefined : readInteger(headers, 'upload-length')
      if (length !== undefined) upload = await announceLength(context, upload, length)
      const bytes = readInteger(headers, 'content-length')
      const left = (upload.length ?? limits.maxFileBytes) - upload.received
      if (bytes !== undefined && bytes > left)
        throw new WarrenError('TOO_LARGE', `Only ${left} more bytes belong to it`)
      if (isWhole(upload)) return await finishUpload(context, upload)
      return await appendToUpload(context, upload, c.req.raw.body, { checksum, signal })
    })
  }

  async function terminate(c: RequestContext): Promise<Response> {
    const id = c.req.param('id') as string
    await sessions.turn(id, async () => {
      await removeUpload(context, await findUpload(context, id, c.get('asker')))
    })
    return new Response(null, { status: 204, headers: { 'Tus-Resumable': VERSION } })
  }
}

/** Headers that every answer to a request in the protocol has. */
export function tusHeaders(c: RequestContext): Record<string, string> {
  return c.req.path.startsWith(path) ? { 'Tus-Resumable': VERSION, 'Tus-Version': VERSION } : {}
}

async function speaksTus(c: RequestContext, next: () => Promise<void>): Promise<void> {
  checkVersion(c)
  await next()
}

function checkVersion(c: RequestContext): void {
  if (c.req.header('tus-resumable') === VERSION) return
  throw new WarrenError('PRECONDITION_FAILED', `Send "Tus-Resumable: ${VERSION}"`)
}

function aboutServer(maxBytes: number): Record<string, string> {
  return {
    'Tus-Resumable': VERSION,
    'Tus-Version': VERSION,
    'Tus-Extension': EXTENSIONS,
    'Tus-Max-Size': String(maxBytes),
    'Tus-Checksum-Algorithm': 'sha1,sha256',
  }
}

/** Where the upload stands; `Warren-File` is the file that it became. */
function state(
  c: RequestContext,
  { received, fileId, expiresAt, isPartial, length }: UploadRow,
): Record<string, string> {
  const isOpen = fileId === null && !(isPartial && length === received)
  return {
    'Tus-Resumable': VERSION,
    'Upload-Offset': String(received),
    ...(isOpen && { 'Upload-Expires': expiresAt.toUTCString() }),
    ...(fileId !== null && { 'Warren-File': fileUrl(c.get('base'), fileId) }),
  }
}
