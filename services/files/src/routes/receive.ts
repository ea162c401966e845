import { WarrenError } from '@warren/contracts'
import { z } from 'zod'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { declaredDigest } from '../http/digest.ts'
import { dispositionName } from '../http/disposition.ts'
import { fileName, mediaTypeOf, UNNAMED } from '../http/name.ts'
import { fileDocument, fileUrl } from '../kept/document.ts'
import { keepFiles, keepKnown, type About, type Kept } from '../kept/keep.ts'
import { roomOf } from '../kept/room.ts'
import { chunksOf } from '../store/chunks.ts'
import { receive } from '../store/receive.ts'
import { lengthOf, readQuery } from './asked.ts'
import { receiveForm } from './form.ts'

const Query = z.object({
  name: z.string().optional(),
  sha256: z.string().optional(),
  /** Seconds after which it expires */
  ttl: z.coerce.number().positive().max(1e9).optional(),
})

/** SHA-256 of no bytes at all. */
const NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Takes files as they are, or as a form that a browser sends. */
export function receivingRoutes(app: App, context: Context): void {
  app.post('/files', async (c) => {
    const isForm = /^multipart\/form-data\s*;/i.test(c.req.header('content-type') ?? '')
    const { ttl, sha256, name } = readQuery(c, Query)
    const about = {
      owner: c.get('asker').principal,
      expiresAt: expiry(ttl),
      requestKey: c.req.header('idempotency-key'),
    }
    if (isForm) {
      return answer(c, await receiveForm(context, c.req.raw, about, declaredDigest(new Headers(), sha256)))
    }
    const given = name ?? dispositionName(c.req.header('content-disposition'))
    return answer(c, await receiveRaw(c, context, { ...about, name: given === undefined ? UNNAMED : fileName(given) }))
  })

  /** The same name and the same bytes again are the same file: a request that is sent again does no harm. */
  app.put('/files/:name', async (c) => {
    const { ttl } = readQuery(c, Query)
    const about = {
      owner: c.get('asker').principal,
      name: fileName(c.req.param('name')),
      expiresAt: expiry(ttl),
      requestKey: c.req.header('idempotency-key'),
      isOnce: true,
    }
    return answer(c, await receiveRaw(c, context, about))
  })
}

/**
 * Makes a file of the body of a request, of the media type that it declares.
 *
 * @throws WarrenError TOO_LARGE, QUOTA_EXCEEDED, DIGEST_MISMATCH; NO_SUCH_FILE of bytes that are declared, and not here
 */
export async function receiveRaw(c: RequestContext, context: Context, given: Omit<About, 'mediaType'>): Promise<Kept> {
  const { headers, body } = c.req.raw
  const about = { ...given, mediaType: mediaTypeOf(headers.get('content-type') ?? undefined, given.name) }
  const digest = declaredDigest(headers, c.req.query('sha256'))
  const bytes = lengthOf(headers)
  const isEmpty = body === null || bytes === 0
  // a sender that waits to be told (RFC 9110, section 10.1.1), or that only asks, need not send what is here already
  if (digest !== undefined && (headers.has('expect') || (isEmpty && digest !== NOTHING))) {
    const kept = await keepKnown(context, about, digest)
    if (kept) return kept
    if (isEmpty) throw new WarrenError('NO_SUCH_FILE', 'These bytes are not here: send them')
  }
  const { maxBytes, tooLarge } = await roomOf(context, about.owner)
  if (bytes !== undefined && bytes > maxBytes) throw tooLarge(bytes)
  const received = await receive(context.spool, chunksOf(body), { digest, bytes, maxBytes, tooLarge })
  return await keepFiles(context, [{ ...about, received }])
}

/** 201, or 200 of a request that was sent again; one file as it is, several as a list. */
function answer(c: RequestContext, { rows, isNew }: Kept): Response {
  const [first] = rows
  const base = c.get('base')
  const documents = rows.map((row) => fileDocument(row, base))
  if (first && rows.length === 1) {
    c.header('Location', fileUrl(base, first.id))
    c.header('ETag', `"${first.digest}"`)
  }
  return c.json(rows.length === 1 ? documents[0] : { files: documents }, isNew ? 201 : 200)
}

function expiry(ttl: number | undefined): Date | undefined {
  return ttl === undefined ? undefined : new Date(Date.now() + ttl * 1_000)
}
