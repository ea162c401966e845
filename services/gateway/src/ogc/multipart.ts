import { randomUUID } from 'node:crypto'
import type { RawValue } from './raw-value.ts'

export interface Part {
  /** The id of the output (OGC API - Processes - Part 1, `process-execute-sync-raw-value-multi`). */
  readonly contentId: string
  /** The value, or where it is. */
  readonly value: RawValue | { readonly href: string }
}

/** `multipart/related`, RFC 2387. */
export function multipart(parts: readonly Part[]): RawValue {
  const boundary = `warren-${randomUUID()}`
  const chunks = parts.flatMap(({ contentId, value }) => [
    Buffer.from(`--${boundary}\r\n${partHeaders(contentId, value)}\r\n\r\n`),
    Buffer.from('href' in value ? '' : value.body),
    Buffer.from('\r\n'),
  ])
  return {
    type: `multipart/related; boundary="${boundary}"; type="application/json"`,
    body: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
  }
}

function partHeaders(contentId: string, value: Part['value']): string {
  const second = 'href' in value ? `Content-Location: ${value.href}` : `Content-Type: ${value.type}`
  // names of outputs come from users: no line breaks in a header
  return `Content-ID: ${contentId.replaceAll(/[\r\n]/g, ' ')}\r\n${second}`
}
