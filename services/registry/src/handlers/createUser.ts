import { registry } from '@warren/contracts'
import { handle } from '../context.ts'
import { users } from '../db/schema.ts'
import { hashPassword } from '../passwords.ts'
import { requireOperator, userOf } from '../user.ts'

export const createUser = handle(registry.operations.createUser, async (call) => {
  const { input, context, fail } = call
  requireOperator(call)
  const { name, password, roles } = input
  const [created] = await context.db
    .insert(users)
    .values({ name, roles, passwordHash: await hashPassword(password) })
    .onConflictDoNothing()
    .returning()
  if (!created) throw fail('CONFLICT', `There is a user "${name}" already`)
  return userOf(created)
})
