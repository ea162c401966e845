import { registry } from '@warren/contracts'
import { desc, eq } from 'drizzle-orm'
import { handle } from '../context.ts'
import { processVersions } from '../db/schema.ts'
import { versionColumns, versionOf } from '../version.ts'

export const listVersions = handle(registry.operations.listVersions, async ({ input, context, fail }) => {
  const rows = await context.db
    .select(versionColumns)
    .from(processVersions)
    .where(eq(processVersions.id, input.id))
    .orderBy(desc(processVersions.precedence), desc(processVersions.version))
  if (rows.length === 0) throw fail('NO_SUCH_PROCESS', `There is no process "${input.id}"`)
  return { versions: rows.map(versionOf) }
})
