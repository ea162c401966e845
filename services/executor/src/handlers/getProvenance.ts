import { executor } from '@warren/contracts'
import { handle } from '../context.ts'
import { findAttempts } from '../jobs/attempts.ts'
import { findVisible } from '../jobs/visible.ts'
import { findFilesOfJob } from '../jobs/files-of-job.ts'
import { findTraced } from '../jobs/traced.ts'

export const getProvenance = handle(executor.operations.getProvenance, async (call) => {
  const { db } = call.context
  const job = await findVisible(call)
  const files = await findFilesOfJob(db, job.id)
  const [attempts, traced] = await Promise.all([findAttempts(db, job), findTraced(db, job.id, files)])
  return { job, attempts, files, ...traced }
})
