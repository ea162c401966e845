import { registry } from '@warren/contracts'
import { eq } from 'drizzle-orm'
import { handle } from '../context.ts'
import { users } from '../db/schema.ts'
import { countFailure, refuseTooMany } from '../failed-log-ins.ts'
import { isPassword } from '../passwords.ts'

/**
 * Many attempts may be tried at once, so what counts is when each is answered: a right one that comes behind too many
 * wrong ones is not told that it was right.
 */
export const logIn = handle(registry.operations.logIn, async ({ input, context, fail }) => {
  const { db, tokens } = context
  const { name, password } = input
  await refuseTooMany(db, name)
  const [user] = await db.select().from(users).where(eq(users.name, name))
  const isRight = await isPassword(password, user?.passwordHash)
  if (!user || !isRight || user.disabled) {
    await countFailure(db, name)
    throw fail('UNAUTHENTICATED', 'Name or password is wrong')
  }
  await refuseTooMany(db, name)
  const { token, expiresAt } = await tokens.issue(user)
  return { token, expiresAt: expiresAt.toISOString() }
})
