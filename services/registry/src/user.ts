import { mayOperate, WarrenError, type Asker, type User } from '@warren/contracts'
import type { users } from './db/schema.ts'
import { principalOf } from './tokens.ts'

export type UserRow = typeof users.$inferSelect

/** A user as the contract shows it. */
export function userOf({ number, name, roles, disabled, createdAt }: UserRow): User {
  return { id: principalOf(number), number, name, roles, disabled, createdAt: createdAt.toISOString() }
}

/** @throws WarrenError FORBIDDEN to all but administrators, and those at the broker itself */
export function requireOperator(asker: Asker): void {
  if (!mayOperate(asker)) throw new WarrenError('FORBIDDEN', 'Users are the business of administrators')
}
