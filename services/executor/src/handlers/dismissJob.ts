import { executor, isFinal, type Job } from '@warren/contracts'
import { eq } from 'drizzle-orm'
import { handle, type Context } from '../context.ts'
import { files, jobs, records } from '../db/schema.ts'
import { stopAndVerify } from '../jobs/control.ts'
import { findVisible } from '../jobs/visible.ts'

export const dismissJob = handle(executor.operations.dismissJob, async (call) => {
  const job = await findVisible(call)
  return isFinal(job.state) ? remove(call.context, job) : stopAndVerify(call.context, job.id, call.signal)
})

/** OGC API - Processes - Part 1 2.0: a job that has ended is removed, and is not found afterwards. */
async function remove(context: Context, job: Job): Promise<Job> {
  await context.db.delete(jobs).where(eq(jobs.id, job.id))
  await context.db.delete(records).where(eq(records.jobId, job.id))
  // the files themselves are their owner's, like any other
  await context.db.delete(files).where(eq(files.jobId, job.id))
  return { ...job, state: 'dismissed', status: 'dismissed' }
}
