import { notifier, onlyOwner } from '@warren/contracts'
import { and, eq } from 'drizzle-orm'
import { handle } from '../context.ts'
import { subscriptions } from '../db/schema.ts'
import { lockBindings, patternsInUse } from '../webhooks/bindings.ts'

export const deleteSubscription = handle(notifier.operations.deleteSubscription, async (call) => {
  const { input, context, fail } = call
  const owner = onlyOwner(call)
  await context.db.transaction(async (transaction) => {
    await lockBindings(transaction)
    const [row] = await transaction
      .delete(subscriptions)
      .where(and(eq(subscriptions.id, input.id), owner === undefined ? undefined : eq(subscriptions.owner, owner)))
      .returning({ patterns: subscriptions.patterns })
    if (!row) throw fail('NO_SUCH_SUBSCRIPTION', `There is no subscription "${input.id}"`)
    const used = await patternsInUse(transaction)
    for (const pattern of row.patterns) if (!used.has(pattern)) await context.events.unbind(pattern)
  })
  return {}
})
