import { setTimeout as wait } from 'node:timers/promises'
import { executor, isFinal, messageTypes, type Job } from '@warren/contracts'
import { tell } from '@warren/mesh'
import { eq } from 'drizzle-orm'
import { handle, type Context } from '../context.ts'
import { jobs } from '../db/schema.ts'
import { maySee } from '../jobs/owner.ts'
import { findJob } from '../jobs/read.ts'

const LOOK_MS = 50

export const dismissJob = handle(executor.operations.dismissJob, async (call) => {
  const { input, context, fail, principal, roles, signal } = call
  const job = await findJob(context.db, input.id)
  if (!job || !maySee(job.owner, principal, roles)) throw fail('NO_SUCH_JOB', `There is no job "${input.id}"`)
  if (isFinal(job.state)) return remove(context, job)
  // only before it was claimed: whoever holds the job has to verify that its run has ended
  if (job.executorId === null && (await context.ledger.move({ id: job.id, move: 'dismissUnclaimed' }))) {
    return (await findJob(context.db, job.id)) ?? job
  }
  return stop(context, job.id, signal)
})

/** OGC API - Processes - Part 1 2.0: a job that has ended is removed, and is not found afterwards. */
async function remove(context: Context, job: Job): Promise<Job> {
  await context.db.delete(jobs).where(eq(jobs.id, job.id))
  return { ...job, state: 'dismissed', status: 'dismissed' }
}

/** The wish is a row first, which the executor reads with its lease; the message only makes it quick. */
async function stop(context: Context, id: string, signal: AbortSignal): Promise<Job> {
  await context.db.update(jobs).set({ desired: 'stop' }).where(eq(jobs.id, id))
  for (;;) {
    const job = await findJob(context.db, id)
    if (!job || isFinal(job.state)) return job ?? Promise.reject(new Error(`job ${id} vanished`))
    if (job.executorId) tell(context.service.mesh, `executor.${job.executorId}`, messageTypes.stop, { jobId: id })
    else if (await context.ledger.move({ id, move: 'dismissUnclaimed' })) continue
    await wait(LOOK_MS, undefined, { signal })
  }
}
