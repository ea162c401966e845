import { WarrenError, type Job, maySee } from '@warren/contracts'
import type { Call } from '@warren/mesh'
import type { OperationSpec } from '@warren/contracts'
import type { Context } from '../context.ts'
import { findJob } from './read.ts'

type JobCall = Pick<Call<OperationSpec, Context>, 'context' | 'principal' | 'roles'> & {
  readonly input: { readonly id: string }
}

/** The job that a call is about. @throws WarrenError NO_SUCH_JOB, also when it is somebody else's */
export async function findVisible({ input: { id }, context, principal, roles }: JobCall): Promise<Job> {
  const job = await findJob(context.db, id)
  if (!job || !maySee(job.owner, { principal, roles })) throw new WarrenError('NO_SUCH_JOB', `There is no job "${id}"`)
  return job
}
