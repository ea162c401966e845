import type { Subscription } from '@warren/contracts'
import type { subscriptions } from './db/schema.ts'

/** A subscription as the contract shows it: without its secret. */
export function subscriptionOf(row: typeof subscriptions.$inferSelect): Subscription {
  const { id, owner, url, patterns, createdAt, enabled } = row
  return { id, owner, url, patterns, createdAt: createdAt.toISOString(), enabled }
}
