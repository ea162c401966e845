import { registry } from '@warren/contracts'
import { eq, sql } from 'drizzle-orm'
import { handle } from '../context.ts'
import { users } from '../db/schema.ts'
import { hashPassword } from '../passwords.ts'
import { requireOperator, userOf } from '../user.ts'

export const changeUser = handle(registry.operations.changeUser, async (call) => {
  const { input, context, fail } = call
  requireOperator(call)
  const { name, password, ...change } = input
  const [changed] = await context.db
    .update(users)
    .set({
      name,
      ...change,
      ...(password !== undefined && {
        passwordHash: await hashPassword(password),
        generation: sql`${users.generation} + 1`,
      }),
    })
    .where(eq(users.name, name))
    .returning()
  if (!changed) throw fail('NO_SUCH_USER', `There is no user "${name}"`)
  return userOf(changed)
})
