import { registry, type ProcessDescription } from '@warren/contracts'
import { eq, sql } from 'drizzle-orm'
import { handle, type Context } from '../context.ts'
import { executors, offers, processVersions } from '../db/schema.ts'
import { record } from '../events.ts'
import { leaseEnd, sweep } from '../lease.ts'
import { judge, type Known } from '../offer.ts'
import { precedence } from '../semver.ts'
import { summaryOf } from '../summary.ts'

type Transaction = Parameters<Parameters<Context['db']['transaction']>[0]>[0]

export const announce = handle(registry.operations.announce, async ({ input, context }) => {
  const { executorId, slots, leaseMs, unavailable } = input
  // Always the same order, so that announcements that meet wait for each other in a line, not in a circle.
  const processes = input.processes.toSorted((a, b) => compare(a.id, b.id) || compare(a.version, b.version))

  const refused = await context.db.transaction(async (transaction) => {
    await publish(transaction, processes)
    const { accepted, refused } = judge(processes, await known(transaction, processes))
    const lease = { slots, leaseUntil: leaseEnd(leaseMs), refused, unavailable }
    await transaction
      .insert(executors)
      .values({ id: executorId, ...lease })
      .onConflictDoUpdate({ target: executors.id, set: lease })
    await transaction.delete(offers).where(eq(offers.executorId, executorId))
    if (accepted.length > 0) {
      await transaction
        .insert(offers)
        .values(accepted.map(({ id, version }) => ({ executorId, processId: id, version })))
    }
    return refused
  })
  context.relay.wake()
  await sweep(context.db)
  return { refused }
})

/** Another announcement of the same new version waits here for this one, and then finds it published. */
async function publish(transaction: Transaction, processes: readonly ProcessDescription[]): Promise<void> {
  if (processes.length === 0) return
  const published = await transaction
    .insert(processVersions)
    .values(
      processes.map((description) => {
        const { id, version, digest } = description
        return { id, version, digest, description, precedence: precedence(version) }
      }),
    )
    .onConflictDoNothing()
    .returning({ description: processVersions.description })
  await record(
    transaction,
    'processPublished',
    published.map(({ description }) => summaryOf(description)),
  )
}

/** Locked against retirement until the offer is written. */
async function known(transaction: Transaction, processes: readonly ProcessDescription[]): Promise<Known[]> {
  const ids = sql.param(processes.map(({ id }) => id))
  const versions = sql.param(processes.map(({ version }) => version))
  const { id, version, digest, retiredAt } = processVersions
  return await transaction
    .select({ id, version, digest, retiredAt })
    .from(processVersions)
    .where(sql`(${id}, ${version}) in (select * from unnest(${ids}::text[], ${versions}::text[]))`)
    .orderBy(id, version)
    .for('share')
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
