import { executor } from '@warren/contracts'
import { eq, sql } from 'drizzle-orm'
import { handle } from '../context.ts'
import { jobs } from '../db/schema.ts'
import { findVisible } from '../jobs/visible.ts'

export const getRequest = handle(executor.operations.getRequest, async (call) => {
  const { id } = await findVisible(call)
  const [row] = await call.context.db
    .select({ request: sql<string>`${jobs.request}::text` })
    .from(jobs)
    .where(eq(jobs.id, id))
  if (!row) throw call.fail('NO_SUCH_JOB', `There is no job "${id}"`)
  return { body: row.request }
})
