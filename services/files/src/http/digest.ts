import { WarrenError } from '@warren/contracts'

/**
 * The SHA-256 that a request declares of the bytes it sends, hexadecimal: `?sha256=`, `Content-Digest` or `Repr-Digest`
 * (RFC 9530), or the `Digest` of RFC 3230. Other algorithms are ignored, as the standards want.
 *
 * @throws WarrenError BAD_INPUT when it is none, or when two differ
 */
export function declaredDigest(headers: Headers, query?: string): string | undefined {
  const found = new Set(
    [
      query === undefined ? undefined : hexadecimal(query),
      ofField(headers.get('content-digest'), /(?:^|[,\s])sha-256=:([^:]*):/i),
      ofField(headers.get('repr-digest'), /(?:^|[,\s])sha-256=:([^:]*):/i),
      ofField(headers.get('digest'), /(?:^|[,\s])sha-256=:?([^,;:\s]*)/i),
    ].filter((digest) => digest !== undefined),
  )
  if (found.size > 1) throw new WarrenError('BAD_INPUT', 'Two different digests are declared')
  return [...found][0]
}

/** @throws WarrenError BAD_INPUT */
export function hexadecimal(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase()
  throw new WarrenError('BAD_INPUT', 'A SHA-256 has 64 hexadecimal digits')
}

/** A digest as RFC 9530 prints it. */
export function digestField(digest: string): string {
  return `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`
}

function ofField(value: string | null, pattern: RegExp): string | undefined {
  const [, encoded] = pattern.exec(value ?? '') ?? []
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.length === 32) return bytes.toString('hex')
  throw new WarrenError('BAD_INPUT', 'The declared digest is no SHA-256 in base64')
}
