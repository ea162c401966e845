import { WarrenError } from '@warren/contracts'
import type { RequestContext } from '../env.ts'
import { negotiate } from '../ogc/accept.ts'
import { badQuery, type Query } from '../ogc/query.ts'

export const eventStream = 'text/event-stream'

const headers = {
  'Content-Type': eventStream,
  'Cache-Control': 'no-store',
  // asks nginx not to wait for more
  'X-Accel-Buffering': 'no',
}

/** Server-sent events (HTML, section 9.2). `open` is not called for HEAD. */
export function sendStream(c: RequestContext, open: () => ReadableStream<Uint8Array>): Response {
  return new Response(c.req.method === 'HEAD' ? null : open(), { headers })
}

/** Tells a client that comes back that there is nothing more: `EventSource` then gives up. */
export function streamIsOver(): Response {
  return new Response(null, { status: 204 })
}

/** @throws WarrenError NOT_ACCEPTABLE */
export function chooseType<Type extends string>(c: RequestContext, offered: readonly Type[]): Type {
  const chosen = negotiate(c.req.header('accept'), offered)
  if (chosen !== undefined) return chosen as Type
  throw new WarrenError('NOT_ACCEPTABLE', `This resource is available as ${offered.join(', ')}`)
}

/**
 * The place that a client goes on from. The header comes first: it is newer than the URL, which a client that comes back
 * does not change.
 *
 * @throws WarrenError BAD_QUERY when it is no place
 */
export function readAfter(c: RequestContext, query: Query, pattern: RegExp): string | undefined {
  const header = c.req.header('last-event-id')
  const given = header ? [header] : query['after']
  if (given === undefined || given.length === 0) return undefined
  const [after = ''] = given
  if (given.length === 1 && pattern.test(after)) return after
  throw badQuery('after', 'must be an id that was given before', given.join(','))
}
