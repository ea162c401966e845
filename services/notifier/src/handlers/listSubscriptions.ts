import { notifier, onlyOwner } from '@warren/contracts'
import { and, asc, eq, gt } from 'drizzle-orm'
import { handle } from '../context.ts'
import { subscriptions } from '../db/schema.ts'
import { defaultLimit, pageOf } from '../page.ts'
import { subscriptionOf } from '../subscription.ts'

export const listSubscriptions = handle(notifier.operations.listSubscriptions, async (call) => {
  const { limit = defaultLimit, after } = call.input
  const owner = onlyOwner(call)
  const found = await call.context.db
    .select()
    .from(subscriptions)
    .where(
      and(
        owner === undefined ? undefined : eq(subscriptions.owner, owner),
        after === undefined ? undefined : gt(subscriptions.seq, Number(after)),
      ),
    )
    .orderBy(asc(subscriptions.seq))
    .limit(limit + 1)
  const { rows, next } = pageOf(found, limit)
  return { subscriptions: rows.map(subscriptionOf), next }
})
