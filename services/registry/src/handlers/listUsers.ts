import { registry } from '@warren/contracts'
import { asc, gt } from 'drizzle-orm'
import { handle } from '../context.ts'
import { users } from '../db/schema.ts'
import { requireOperator, userOf } from '../user.ts'

const defaultLimit = 100

export const listUsers = handle(registry.operations.listUsers, async (call) => {
  const { input, context } = call
  requireOperator(call)
  const { limit = defaultLimit, after } = input
  const rows = await context.db
    .select()
    .from(users)
    .where(after === undefined ? undefined : gt(users.name, after))
    .orderBy(asc(users.name))
    .limit(limit + 1)
  const page = rows.slice(0, limit).map(userOf)
  return { users: page, next: rows.length > limit ? (page.at(-1)?.name ?? null) : null }
})
