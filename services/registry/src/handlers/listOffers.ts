import { registry } from '@warren/contracts'
import { and, asc, eq } from 'drizzle-orm'
import { handle } from '../context.ts'
import { executors, offers, processVersions } from '../db/schema.ts'
import { alive } from '../lease.ts'

export const listOffers = handle(registry.operations.listOffers, async ({ input: { id }, context: { db }, fail }) => {
  const rows = await db
    .select({
      executorId: offers.executorId,
      version: offers.version,
      slots: executors.slots,
      leaseUntil: executors.leaseUntil,
    })
    .from(offers)
    .innerJoin(executors, eq(executors.id, offers.executorId))
    .where(and(eq(offers.processId, id), alive))
    .orderBy(asc(offers.executorId))
  const isKnown = rows.length > 0 || (await db.$count(processVersions, eq(processVersions.id, id))) > 0
  if (!isKnown) throw fail('NO_SUCH_PROCESS', `There is no process "${id}"`)
  return { offers: rows.map((row) => ({ ...row, leaseUntil: row.leaseUntil.toISOString() })) }
})
