import { executor, isFinal, type Job } from '@warren/contracts'
import { eq } from 'drizzle-orm'
import { handle, type Context } from '../context.ts'
import { attempts, files, jobs, records } from '../db/schema.ts'
import { stopAndVerify } from '../jobs/control.ts'
import { findVisible } from '../jobs/visible.ts'

export const dismissJob = handle(executor.operations.dismissJob, async (call) => {
  const job = await findVisible(call)
  return isFinal(job.state) ? remove(call.context, job) : stopAndVerify(call.context, job.id, call.signal)
})

/**
 * OGC API - Processes - Part 1 2.0: a job that has ended is removed, and is not found afterwards. The files themselves are
 * their owner's, like any other, and its events have happened.
 */
async function remove(context: Context, job: Job): Promise<Job> {
  await context.db.transaction(async (transaction) => {
    await transaction.delete(jobs).where(eq(jobs.id, job.id))
    // a request that is sent again makes a job of the same id, which shall find nothing of this one
    for (const table of [attempts, records, files]) await transaction.delete(table).where(eq(table.jobId, job.id))
  })
  return { ...job, state: 'dismissed', status: 'dismissed' }
}
