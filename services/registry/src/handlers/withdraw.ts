import { registry } from '@warren/contracts'
import { eq } from 'drizzle-orm'
import { handle } from '../context.ts'
import { executors } from '../db/schema.ts'

export const withdraw = handle(registry.operations.withdraw, async ({ input, context }) => {
  await context.db.delete(executors).where(eq(executors.id, input.executorId))
  return {}
})
