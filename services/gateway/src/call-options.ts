import type { CallOptions } from '@warren/mesh'
import type { RequestContext } from './env.ts'

/** What a call inherits from the request that it serves; a client that goes away cancels it. */
export function callOptions(c: RequestContext): CallOptions {
  const { id, roles } = c.get('principal')
  const traceparent = c.req.header('traceparent')
  return {
    signal: c.req.raw.signal,
    principal: id,
    roles,
    ...(traceparent && /^[\da-f]{2}(-[\da-f]+){3}$/.test(traceparent) && { traceparent }),
  }
}
