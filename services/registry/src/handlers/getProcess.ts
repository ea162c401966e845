import { registry } from '@warren/contracts'
import { and, desc, eq, isNull, sql } from 'drizzle-orm'
import { handle } from '../context.ts'
import { executors, offers, processVersions } from '../db/schema.ts'
import { alive } from '../lease.ts'

/** A version that is named is described even when it is retired: jobs that ran it refer to it. */
export const getProcess = handle(registry.operations.getProcess, async ({ input, context: { db }, fail }) => {
  const { id, version, precedence, description, retiredAt } = processVersions
  const liveOffers = db
    .select({ count: sql`count(*)::int` })
    .from(offers)
    .innerJoin(executors, eq(executors.id, offers.executorId))
    .where(and(eq(offers.processId, id), eq(offers.version, version), alive))
  const [found] = await db
    .select({ description, offers: sql<number>`(${liveOffers})` })
    .from(processVersions)
    .where(and(eq(id, input.id), input.version === undefined ? isNull(retiredAt) : eq(version, input.version)))
    .orderBy(desc(precedence), desc(version))
    .limit(1)
  if (!found)
    throw fail('NO_SUCH_PROCESS', `There is no process "${[input.id, input.version].filter(Boolean).join(' ')}"`)
  return { ...found.description, offers: found.offers }
})
