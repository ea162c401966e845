import { executor, maySee } from '@warren/contracts'
import { handle } from '../context.ts'
import { findNumbered } from '../jobs/read.ts'

export const findJob = handle(executor.operations.findJob, async ({ input, context, fail, principal, roles }) => {
  const job = await findNumbered(context.db, input)
  if (job && maySee(job.owner, { principal, roles })) return job
  throw fail('NO_SUCH_JOB', `There is no job ${input.number} in the series "${input.series}"`)
})
