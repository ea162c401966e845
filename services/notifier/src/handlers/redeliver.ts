import { notifier, onlyOwner } from '@warren/contracts'
import { and, eq, sql } from 'drizzle-orm'
import { handle } from '../context.ts'
import { deliveries, subscriptions } from '../db/schema.ts'
import { deliveryOf } from '../delivery.ts'

/** At once, also when the receiver is left alone for a while. The id stays, so a receiver can tell that it is the same. */
export const redeliver = handle(notifier.operations.redeliver, async (call) => {
  const { input, context, fail } = call
  const owner = onlyOwner(call)
  const row = await context.db.transaction(async (transaction) => {
    const [row] = await transaction
      .update(deliveries)
      .set({ state: 'pending', tries: 0, nextAt: sql`now()`, deliveredAt: null })
      .where(and(eq(deliveries.id, input.id), owner === undefined ? undefined : eq(deliveries.owner, owner)))
      .returning()
    if (!row) throw fail('NO_SUCH_DELIVERY', `There is no delivery "${input.id}"`)
    if (row.subscriptionId === null) return row
    const [subscription] = await transaction
      .update(subscriptions)
      .set({ pausedUntil: null })
      .where(and(eq(subscriptions.id, row.subscriptionId), eq(subscriptions.enabled, true)))
      .returning({ id: subscriptions.id })
    if (!subscription) throw fail('CONFLICT', 'The receiver wanted no more messages: subscribe it again')
    return row
  })
  context.sender.wake()
  return deliveryOf(row)
})
