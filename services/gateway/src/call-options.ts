import { WarrenError } from '@warren/contracts'
import type { CallOptions } from '@warren/mesh'
import type { RequestContext } from './env.ts'

const isKey = /^[\x21-\x7e]{1,255}$/

/**
 * What a call inherits from the request that it serves; a client that goes away cancels it.
 *
 * @throws WarrenError BAD_INPUT when the `Idempotency-Key` is none
 */
export function callOptions(c: RequestContext): CallOptions {
  const { id, roles } = c.get('principal')
  const idempotencyKey = c.req.header('idempotency-key')
  if (idempotencyKey !== undefined && !isKey.test(idempotencyKey)) {
    throw new WarrenError('BAD_INPUT', 'Idempotency-Key must be 1 to 255 visible characters')
  }
  return {
    signal: c.req.raw.signal,
    principal: id,
    roles,
    requestId: c.get('requestId'),
    ...c.get('trace'),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  }
}
