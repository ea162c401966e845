import { executor, isFinal } from '@warren/contracts'
import { handle } from '../context.ts'
import { readRecords } from '../jobs/read-records.ts'
import { findVisible } from '../jobs/visible.ts'

export const listRecords = handle(executor.operations.listRecords, async (call) => {
  const { kind, after = 0, offset } = call.input
  const job = await findVisible(call)
  const read = await readRecords(call.context.db, { jobId: job.id, kind, after, offset })
  // the end of a job is written behind its last record
  return { ...read, over: !read.more && isFinal(job.state) }
})
