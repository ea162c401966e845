import { headers } from '@warren/contracts'
import type { CallOptions } from '@warren/mesh'
import type { RequestContext } from './env.ts'

/** What a call inherits from the request that it serves; a client that goes away cancels it. */
export function callOptions(c: RequestContext): CallOptions {
  const { id, roles } = c.get('principal')
  const traceparent = c.req.header('traceparent')
  const idempotencyKey = c.req.header('idempotency-key')
  return {
    signal: c.req.raw.signal,
    principal: id,
    roles,
    ...(traceparent && /^[\da-f]{2}(-[\da-f]+){3}$/.test(traceparent) && { traceparent }),
    ...(idempotencyKey && { headers: { [headers.idempotencyKey]: idempotencyKey.slice(0, 255) } }),
  }
}
