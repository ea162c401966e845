import { WarrenError } from '@warren/contracts'
import type { RequestContext } from './env.ts'
import { describeJsonError } from './json-error.ts'

export interface JsonBody {
  /** As it was sent. */
  readonly text: string
  readonly value: Readonly<Record<string, unknown>>
}

const ARRIVE_MS = 120_000
const json = /^\s*(application\/json|[\w.-]+\/[\w.+-]+\+json)\s*(;|$)/i

/**
 * Reads a JSON object, and never more bytes than allowed.
 *
 * @throws WarrenError UNSUPPORTED_MEDIA_TYPE, TOO_LARGE, BAD_INPUT
 */
export async function readJsonObject(c: RequestContext, maxBytes: number): Promise<JsonBody> {
  const type = c.req.header('content-type')
  if (type !== undefined && !json.test(type)) {
    throw new WarrenError('UNSUPPORTED_MEDIA_TYPE', 'Send application/json', {
      more: { accepted: ['application/json'] },
    })
  }
  return readUntypedJsonObject(c, maxBytes)
}

/**
 * The same, whatever its `Content-Type` says: clients of other systems do not all send one.
 *
 * @throws WarrenError TOO_LARGE, BAD_INPUT
 */
export async function readUntypedJsonObject(c: RequestContext, maxBytes: number): Promise<JsonBody> {
  const text = await readText(c, maxBytes)
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WarrenError('BAD_INPUT', 'The body must be a JSON object', {
      errors: [{ pointer: '', code: 'type', message: 'must be an object', expected: 'object' }],
    })
  }
  return { text, value: value as Record<string, unknown> }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw describeJsonError(text)
  }
}

/**
 * Reads a body as text.
 *
 * @throws WarrenError TOO_LARGE
 */
export async function readText(c: RequestContext, maxBytes: number): Promise<string> {
  const length = c.req.header('content-length')
  // a client that goes on so slowly, or not at all, holds a connection for nothing
  const late = setTimeout(() => c.env?.incoming?.destroy(), ARRIVE_MS)
  try {
    return await readAll(c, length, maxBytes)
  } finally {
    clearTimeout(late)
  }
}

async function readAll(c: RequestContext, length: string | undefined, maxBytes: number): Promise<string> {
  if (length === undefined) return c.req.raw.body ? readCounted(c.req.raw.body, maxBytes) : ''
  if (Number(length) > maxBytes) throw tooLarge(maxBytes)
  return c.req.raw.text()
}

async function readCounted(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function tooLarge(maxBytes: number): WarrenError {
  return new WarrenError('TOO_LARGE', `The body may have ${maxBytes} bytes`, { more: { maxBytes } })
}
