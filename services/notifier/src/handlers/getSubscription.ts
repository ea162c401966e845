import { notifier, maySee } from '@warren/contracts'
import { eq } from 'drizzle-orm'
import { handle } from '../context.ts'
import { subscriptions } from '../db/schema.ts'
import { subscriptionOf } from '../subscription.ts'

export const getSubscription = handle(notifier.operations.getSubscription, async (call) => {
  const { input, context, fail } = call
  const [row] = await context.db.select().from(subscriptions).where(eq(subscriptions.id, input.id))
  if (!row || !maySee(row.owner, call)) throw fail('NO_SUCH_SUBSCRIPTION', `There is no subscription "${input.id}"`)
  return subscriptionOf(row)
})
