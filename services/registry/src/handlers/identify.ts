import { registry } from '@warren/contracts'
import { and, eq } from 'drizzle-orm'
import { handle } from '../context.ts'
import { users } from '../db/schema.ts'
import { userOf } from '../user.ts'

export const identify = handle(registry.operations.identify, async ({ input, context: { db, tokens }, fail }) => {
  const claims = await tokens.read(input.token)
  if (!claims) throw fail('UNAUTHENTICATED', 'The token is not valid, or its time is over')
  const { number, generation, expiresAt } = claims
  const [user] = await db
    .select()
    .from(users)
    .where(and(eq(users.number, number), eq(users.generation, generation)))
  if (!user) throw fail('UNAUTHENTICATED', 'The token is not valid any more')
  return { user: userOf(user), expiresAt: expiresAt.toISOString() }
})
