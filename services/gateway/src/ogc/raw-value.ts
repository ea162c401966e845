import type { ProcessDescription } from '@warren/contracts'
import { negotiate } from './accept.ts'

/** One value by itself, in a media type of its own. */
export interface RawValue {
  readonly type: string
  readonly body: string | Uint8Array<ArrayBuffer>
}

const JSON_TYPE = 'application/json'

/**
 * The value as the client likes it best: text as text (or what its schema says it contains), everything as JSON.
 *
 * @returns undefined when nothing on offer is acceptable
 */
export function rawValue(raw: string, schema: unknown, accept: string | undefined): RawValue | undefined {
  if (!raw.startsWith('"')) return negotiate(accept, [JSON_TYPE]) ? { type: JSON_TYPE, body: raw } : undefined
  const { contentEncoding } = contentOf(schema)
  const own = mediaTypeOf(raw, schema)
  const type = negotiate(accept, [own, JSON_TYPE])
  if (type === undefined) return undefined
  if (type === JSON_TYPE && own !== JSON_TYPE) return { type, body: raw }
  const text = JSON.parse(raw) as string
  return { type, body: contentEncoding === 'base64' ? new Uint8Array(Buffer.from(text, 'base64')) : text }
}

/** The media type that a value has by itself, unless a client wants JSON. */
export function mediaTypeOf(raw: string, schema: unknown): string {
  return raw.startsWith('"') ? (contentOf(schema).contentMediaType ?? 'text/plain;charset=utf-8') : JSON_TYPE
}

/** The schema of an output, where the process is known. */
export function schemaOf(process: ProcessDescription | undefined, output: string): unknown {
  return process?.outputs[output]?.schema
}

/** A process may produce a page with scripts; it must not run as if it were ours. */
export const sandboxed = { 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': 'sandbox' } as const

function contentOf(schema: unknown): { contentMediaType?: string; contentEncoding?: string } {
  if (typeof schema !== 'object' || schema === null) return {}
  const { contentMediaType, contentEncoding } = schema as Record<string, unknown>
  return {
    ...(typeof contentMediaType === 'string' && /^[\w.+-]+\/[\w.+-]+$/.test(contentMediaType) && { contentMediaType }),
    ...(typeof contentEncoding === 'string' && { contentEncoding }),
  }
}
