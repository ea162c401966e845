import { hash } from 'node:crypto'
import { orderedId, orderOf } from '@warren/mesh'

const LENGTH = 21

/** What says that two requests are one. */
export interface Intent {
  readonly principal: string
  /** `Idempotency-Key` of the client (draft-ietf-httpapi-idempotency-key-header) */
  readonly idempotencyKey?: string | undefined
  /** The same on each resend of a message; empty when the sender gave none */
  readonly messageId: string
}

/**
 * The id of the job that a request becomes. A request that is sent again gets the same id, and so meets the job that it
 * became the first time: the primary key of the jobs is the inbox. The first characters of a message id that is one of
 * ours follow the time, and are kept: jobs of one time are neighbours in every index by their ids.
 */
export function jobIdOf({ principal, idempotencyKey, messageId }: Intent): string {
  if (idempotencyKey !== undefined) return digest('key', principal, idempotencyKey)
  if (messageId === '') return orderedId()
  const order = orderOf(messageId)
  return order + digest('message', principal, messageId).slice(order.length)
}

function digest(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, LENGTH)
}
