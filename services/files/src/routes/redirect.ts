import type { RequestContext } from '../env.ts'
import type { Redirects } from '../store/store.ts'

/** RFC 7240, section 4.2: the bytes themselves, and no word about where they are. */
export const BYTES_HERE = 'return=representation'

/**
 * Whether a client is told to get bytes where they are kept. Only one from outside: over the mesh they are asked for by
 * those who may have no way to there. Not one with conditions, which would be held against other validators there, and
 * not for a page that shows a file: the fields that make that safe cannot be had there.
 */
export function mayRedirect(
  c: RequestContext,
  bytes: number,
  redirects: Redirects | undefined,
): redirects is Redirects {
  const { headers } = c.req.raw
  if (redirects === undefined || bytes < redirects.fromBytes || !headers.has('x-forwarded-proto')) return false
  const isConditional = [...headers.keys()].some((name) => name.startsWith('if-'))
  return !isConditional && c.req.query('inline') === undefined && !wantsBytes(headers)
}

export function wantsBytes(headers: Headers): boolean {
  return /(?:^|,)\s*return\s*=\s*"?representation"?\s*(?:[;,]|$)/i.test(headers.get('prefer') ?? '')
}

/** The client keeps the method and the range (RFC 9110, section 15.4.8). ETag and digest would be those of this answer. */
export function redirectTo(url: string, link: string): Response {
  return new Response(null, { status: 307, headers: { Location: url, 'Cache-Control': 'no-store', Link: link } })
}
