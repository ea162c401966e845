import { executor } from '@warren/contracts'
import { handle } from '../context.ts'
import { findJob } from '../jobs/read.ts'
import { maySee } from '../jobs/owner.ts'

export const getJob = handle(executor.operations.getJob, async ({ input, context, fail, principal, roles }) => {
  const job = await findJob(context.db, input.id)
  if (!job || !maySee(job.owner, principal, roles)) throw fail('NO_SUCH_JOB', `There is no job "${input.id}"`)
  return job
})
