import { executor } from '@warren/contracts'
import { handle } from '../context.ts'
import { findVisible } from '../jobs/visible.ts'
import { findFilesOfJob } from '../jobs/files-of-job.ts'

export const listFiles = handle(executor.operations.listFiles, async (call) => {
  const { id } = await findVisible(call)
  return { files: await findFilesOfJob(call.context.db, id) }
})
