import { hash } from 'node:crypto'
import { nanoid } from 'nanoid'

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
 * became the first time: the primary key of the jobs is the inbox.
 */
export function jobIdOf({ principal, idempotencyKey, messageId }: Intent): string {
  if (idempotencyKey !== undefined) return digest('key', principal, idempotencyKey)
  return messageId === '' ? nanoid() : digest('message', principal, messageId)
}

function digest(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, LENGTH)
}
