import { WarrenError } from '@warren/contracts'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { failedCondition, rangeCounts, type Validators } from '../http/conditions.ts'
import { digestField } from '../http/digest.ts'
import { disposition } from '../http/disposition.ts'
import { problemResponse } from '../http/problem.ts'
import { byteRange } from '../http/range.ts'
import { fileUrl, validatorsOf } from '../kept/document.ts'
import { findFile, type FileRow } from '../kept/find.ts'
import { readId } from './asked.ts'
import { BYTES_HERE, mayRedirect, redirectTo, wantsBytes } from './redirect.ts'

/** The bytes: RFC 9110 with ranges and conditions, digests of RFC 9530. */
export function downloadRoutes(app: App, context: Context): void {
  app.get('/files/:id', async (c) => {
    const file = await findFile(context, readId(c.req.param('id')), c.get('asker'))
    // under this id there are never other bytes, but it may be deleted
    return await sendFile(c, context, file, { ...validatorsOf(file), cacheControl: 'private, max-age=3600, immutable' })
  })
}

export interface Representation extends Validators {
  readonly cacheControl: string
}

/** @throws WarrenError PRECONDITION_FAILED, DATA_LOSS */
export async function sendFile(
  c: RequestContext,
  context: Context,
  file: FileRow,
  representation: Representation,
): Promise<Response> {
  const { headers: asked } = c.req.raw
  const headers = headersOf(c, file, representation)
  const failed = failedCondition(c.req.method, asked, representation)
  if (failed === 304) return new Response(null, { status: 304, headers })
  if (failed === 412) throw new WarrenError('PRECONDITION_FAILED')

  const range = c.req.method === 'GET' && rangeCounts(asked, representation) ? asked.get('range') : null
  const part = byteRange(range ?? undefined, file.size)
  if (part === 'unsatisfiable') {
    const error = new WarrenError('RANGE_NOT_SATISFIABLE', `The file has ${file.size} bytes`)
    return problemResponse(c, error, context.log, { 'Content-Range': `bytes */${file.size}` })
  }
  const { from, to } = part ?? { from: 0, to: file.size }
  headers['Content-Type'] = file.mediaType
  headers['Content-Disposition'] = disposition(file.name, file.mediaType, c.req.query('inline') !== undefined)
  headers['Content-Length'] = String(to - from)
  if (part) headers['Content-Range'] = `bytes ${from}-${to - 1}/${file.size}`
  if (c.req.method === 'HEAD') return new Response(null, { headers })
  const { redirects } = context.store
  if (mayRedirect(c, to - from, redirects)) {
    const fields = { type: file.mediaType, disposition: headers['Content-Disposition'] }
    return redirectTo(await redirects.sign(file.digest, fields), headers['Link'] as string)
  }
  if (wantsBytes(asked)) headers['Preference-Applied'] = BYTES_HERE
  // of a part it would be the digest of that part
  if (!part) headers['Content-Digest'] = digestField(file.digest)
  const body = await context.store.read(file.digest, { from, to }, c.req.raw.signal)
  return new Response(body, { status: part ? 206 : 200, headers })
}

/** Those that a 304 has too. */
function headersOf(c: RequestContext, file: FileRow, representation: Representation): Record<string, string> {
  const { etag, modifiedAt, cacheControl } = representation
  return {
    ETag: etag,
    'Last-Modified': modifiedAt.toUTCString(),
    'Repr-Digest': digestField(file.digest),
    'Accept-Ranges': 'bytes',
    'Cache-Control': cacheControl,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'",
    Link: `<${fileUrl(c.get('base'), file.id)}/metadata>; rel="describedby"; type="application/json"`,
  }
}
