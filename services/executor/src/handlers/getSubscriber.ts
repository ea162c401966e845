import { executor, type Subscriber } from '@warren/contracts'
import { eq, sql } from 'drizzle-orm'
import { handle } from '../context.ts'
import { jobs } from '../db/schema.ts'
import { findVisible } from '../jobs/visible.ts'

export const getSubscriber = handle(executor.operations.getSubscriber, async (call) => {
  const { id, owner } = await findVisible(call)
  const [row] = await call.context.db
    .select({ subscriber: sql<Subscriber | null>`${jobs.request} -> 'subscriber'` })
    .from(jobs)
    .where(eq(jobs.id, id))
  return { owner, subscriber: row?.subscriber ?? null }
})
