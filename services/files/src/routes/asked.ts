import { FileId, pointer, WarrenError, type FileList } from '@warren/contracts'
import type { z } from 'zod'
import type { RequestContext } from '../env.ts'
import { chunksOf } from '../store/chunks.ts'

const MAX_JSON_BYTES = 65_536

/** @throws WarrenError BAD_QUERY naming the parameter that does not fit */
export function readQuery<Shape extends z.ZodObject>(c: RequestContext, shape: Shape): z.infer<Shape> {
  const { success, data, error } = shape.safeParse(c.req.query())
  if (success) return data
  const [issue] = error.issues
  throw new WarrenError('BAD_QUERY', `${issue?.path.join('.')}: ${issue?.message}`)
}

/** The body as JSON of this shape. @throws WarrenError BAD_INPUT, TOO_LARGE */
export async function readJson<Shape extends z.ZodType>(c: RequestContext, shape: Shape): Promise<z.infer<Shape>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunksOf(c.req.raw.body)) {
    bytes += chunk.byteLength
    if (bytes > MAX_JSON_BYTES) throw new WarrenError('TOO_LARGE', `The body has at most ${MAX_JSON_BYTES} bytes`)
    chunks.push(chunk)
  }
  const { success, data, error } = shape.safeParse(parse(Buffer.concat(chunks).toString()))
  if (success) return data
  const errors = error.issues.map(({ path, code, message }) => ({ pointer: pointer(path), code, message }))
  throw new WarrenError('BAD_INPUT', errors[0]?.message, { errors })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new WarrenError('BAD_INPUT', 'The body is no JSON', { cause })
  }
}

/** A page of rows that were read with one more, if there is one: it says whether there is another page. */
export function nextPage<Row extends { readonly seq: number }>(
  c: RequestContext,
  found: readonly Row[],
  limit: number,
): Pick<FileList, 'next' | 'links'> & { readonly rows: readonly Row[] } {
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  const next = found.length > limit && last ? String(last.seq) : null
  const links = [{ href: c.req.url, rel: 'self', type: 'application/json' }]
  if (next !== null) {
    const url = new URL(c.req.url)
    url.searchParams.set('after', next)
    links.push({ href: `${c.get('base')}${url.pathname}${url.search}`, rel: 'next', type: 'application/json' })
  }
  return { rows, next, links }
}

/** @throws WarrenError NO_SUCH_FILE when it cannot be the id of one */
export function readId(text: string): string {
  if (FileId.safeParse(text).success) return text
  throw new WarrenError('NO_SUCH_FILE', `"${text}" is no id of a file`)
}

export function lengthOf(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length === null ? undefined : Number(length)
}
