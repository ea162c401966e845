import { registry } from '@warren/contracts'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { handle } from '../context.ts'
import { offers, processVersions } from '../db/schema.ts'
import { record } from '../events.ts'
import { versionColumns, versionOf } from '../version.ts'

/** Retiring again changes nothing and answers the same. */
export const retireVersion = handle(registry.operations.retireVersion, async ({ input, context, fail }) => {
  const { id, version } = input
  const named = and(eq(processVersions.id, id), eq(processVersions.version, version))
  const row = await context.db.transaction(async (transaction) => {
    const [retired] = await transaction
      .update(processVersions)
      .set({ retiredAt: sql`now()` })
      .where(and(named, isNull(processVersions.retiredAt)))
      .returning(versionColumns)
    if (!retired) return (await transaction.select(versionColumns).from(processVersions).where(named))[0]
    await transaction.delete(offers).where(and(eq(offers.processId, id), eq(offers.version, version)))
    await record(transaction, 'processRetired', [{ id, version }])
    return retired
  })
  if (!row) throw fail('NO_SUCH_PROCESS', `There is no process "${id}" ${version}`)
  context.relay.wake()
  return versionOf(row)
})
