import { fromProblem, headers, isFinal, WarrenError, type executor } from '@warren/contracts'
import type { ReplyBy } from '@warren/mesh'
import type { Context } from '../context.ts'
import { findResults } from '../jobs/read.ts'
import { findSame } from '../jobs/same.ts'

/**
 * Answers a synchronous run that was asked for before, as it was answered then.
 *
 * @throws WarrenError KEY_REUSED, CONFLICT while it runs, or what it failed with
 */
export async function replaySame(
  context: Context,
  id: string,
  request: { readonly owner: string; readonly request: string },
): Promise<ReplyBy<typeof executor.operations.execute>> {
  const job = await findSame(context.db, id, request)
  const more = { jobId: id }
  if (!isFinal(job.state)) {
    throw new WarrenError('CONFLICT', 'The same request is under way', { retryAfter: 1, more })
  }
  const found = await findResults(context.db, id)
  if (found?.problem) throw fromProblem({ ...found.problem, ...more })
  if (!found || found.results === null) throw new WarrenError('CANCELLED', 'The job was dismissed', { more })
  return { body: found.results, headers: { [headers.jobId]: id, [headers.status]: 'successful' } }
}
