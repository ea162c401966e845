import { registry } from '@warren/contracts'
import { eq } from 'drizzle-orm'
import { handle } from '../context.ts'
import { executors } from '../db/schema.ts'
import { leaseEnd, sweep } from '../lease.ts'

export const renew = handle(registry.operations.renew, async ({ input, context }) => {
  const renewed = await context.db
    .update(executors)
    .set({ leaseUntil: leaseEnd(input.leaseMs) })
    .where(eq(executors.id, input.executorId))
    .returning({ id: executors.id })
  await sweep(context.db)
  return { known: renewed.length > 0 }
})
