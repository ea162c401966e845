import { executor, fromProblem, headers, isFinal, maySee } from '@warren/contracts'
import { handle } from '../context.ts'
import { findResults } from '../jobs/read.ts'

export const getResults = handle(executor.operations.getResults, async ({ input, context, fail, principal, roles }) => {
  const job = await findResults(context.db, input.id)
  if (!job || !maySee(job.owner, { principal, roles })) throw fail('NO_SUCH_JOB', `There is no job "${input.id}"`)
  if (job.results !== null) {
    return { body: job.results, ...(job.requested !== null && { headers: { [headers.requested]: job.requested } }) }
  }
  if (job.problem) throw fromProblem(job.problem)
  if (isFinal(job.state)) throw fail('RESULT_NOT_AVAILABLE', `The job was ${job.state}`)
  throw fail('RESULT_NOT_READY', `The job is ${job.state}`, { retryAfter: 1 })
})
