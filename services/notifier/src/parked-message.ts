import type { ParkedMessage } from '@warren/contracts'
import type { parked } from './db/schema.ts'

/** A parked message as the contract shows it. Bytes that are no UTF-8 are shown as U+FFFD, and replayed as they were. */
export function parkedMessageOf(row: typeof parked.$inferSelect): ParkedMessage {
  const { id, queue, topic, type, messageId, reason, attempts, body, parkedAt } = row
  return {
    id,
    queue,
    topic,
    type,
    messageId,
    reason,
    attempts,
    body: body.toString(),
    parkedAt: parkedAt.toISOString(),
  }
}
