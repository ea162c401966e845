import { WarrenError, type Job } from '@warren/contracts'
import type { Database } from '@warren/database'
import { eq, sql } from 'drizzle-orm'
import { jobs } from '../db/schema.ts'
import { findJob } from './read.ts'

/**
 * The job that a request became when it was sent before.
 *
 * @throws WarrenError KEY_REUSED when the key or message id came with another request that time
 */
export async function findSame(
  db: Database['db'],
  id: string,
  { owner, request }: { readonly owner: string; readonly request: string },
): Promise<Job> {
  const [row] = await db
    .select({ owner: jobs.owner, request: sql<string>`${jobs.request}::text` })
    .from(jobs)
    .where(eq(jobs.id, id))
  const job = row && (await findJob(db, id))
  if (!job) throw new WarrenError('UNAVAILABLE', 'The job was removed in this moment', { retryAfter: 1 })
  if (row.owner !== owner || row.request !== request) {
    throw new WarrenError('KEY_REUSED', 'The same key came with another request before; a new request needs a new key')
  }
  return job
}
