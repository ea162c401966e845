import type { Delivery } from '@warren/contracts'
import type { deliveries } from './db/schema.ts'

/** A delivery as the contract shows it: without its body. */
export function deliveryOf(row: Omit<typeof deliveries.$inferSelect, 'body'>): Delivery {
  return {
    id: row.id,
    subscriptionId: row.subscriptionId,
    jobId: row.jobId,
    url: row.url,
    eventType: row.eventType,
    state: row.state,
    attempts: row.attempts,
    lastStatus: row.lastStatus,
    lastError: row.lastError,
    createdAt: row.createdAt.toISOString(),
    nextAt: row.state === 'pending' ? isoOf(row.nextAt) : null,
    deliveredAt: isoOf(row.deliveredAt),
  }
}

function isoOf(time: Date | null): string | null {
  return time?.toISOString() ?? null
}
