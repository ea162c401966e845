import { executor } from '@warren/contracts'
import { handle } from '../context.ts'
import { findVisible } from '../jobs/visible.ts'
import { findEmptyFolders, findFilesOfJob } from '../jobs/files-of-job.ts'

export const listFiles = handle(executor.operations.listFiles, async (call) => {
  const { id } = await findVisible(call)
  const { db } = call.context
  const [files, emptyFolders] = await Promise.all([findFilesOfJob(db, id), findEmptyFolders(db, id)])
  return { files, emptyFolders }
})
