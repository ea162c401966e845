import { notifier, isAdmin } from '@warren/contracts'
import { nanoid } from 'nanoid'
import { handle } from '../context.ts'
import { subscriptions } from '../db/schema.ts'
import { matcherOf } from '../patterns.ts'
import { subscriptionOf } from '../subscription.ts'
import { checkedAddress } from '../webhooks/address.ts'
import { lockBindings } from '../webhooks/bindings.ts'
import { isSecret, makeSecret } from '../webhooks/sign.ts'

export const createSubscription = handle(notifier.operations.createSubscription, async (call) => {
  const { input, context, fail } = call
  const { url, patterns, secret = makeSecret() } = input
  if (!isSecret(secret)) throw fail('BAD_INPUT', 'A secret is whsec_ and base64 of 24 to 64 bytes')
  await checkedAddress(new URL(url), context.allowed).catch((error: Error) => {
    const message = `Nothing can be sent there: ${error.message}`
    throw fail('BAD_INPUT', message, { errors: [{ pointer: '/url', code: 'refused', message: error.message }] })
  })
  const row = await context.db.transaction(async (transaction) => {
    await lockBindings(transaction)
    const [row] = await transaction
      .insert(subscriptions)
      .values({
        id: nanoid(),
        owner: call.principal,
        seesAll: isAdmin(call),
        url,
        host: new URL(url).host,
        patterns,
        matchers: patterns.map(matcherOf),
        secret,
      })
      .returning()
    // before the answer: what happens from then on is heard
    for (const pattern of patterns) await context.events.bind(pattern)
    return row as typeof subscriptions.$inferSelect
  })
  return { ...subscriptionOf(row), secret }
})
