import { catalogue, fromProblem, WarrenError } from '@warren/contracts'
import type { ConsumeMessage } from 'amqplib'

/** Seconds after which a caller may try again what the broker did not take. */
const RETRY_AFTER_S = 1

export function unavailable(detail: string): WarrenError {
  return new WarrenError('UNAVAILABLE', detail, { retryAfter: RETRY_AFTER_S })
}

export function unroutable(key: string): WarrenError {
  return new WarrenError('UNROUTABLE', `Nobody serves "${key}" now`, { retryAfter: RETRY_AFTER_S })
}

export function timeout(): WarrenError {
  return new WarrenError('TIMEOUT', catalogue.TIMEOUT.title)
}

export function connectionLost(): WarrenError {
  return new WarrenError('PEER_LOST', 'The connection to the broker was lost')
}

/** What a reply with an `error` header says. */
export function problemOf(message: Pick<ConsumeMessage, 'content'>): WarrenError {
  try {
    return fromProblem(JSON.parse(message.content.toString()))
  } catch {
    return new WarrenError('INTERNAL', 'The answer was not JSON')
  }
}
