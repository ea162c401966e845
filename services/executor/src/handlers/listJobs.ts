import { executor, onlyOwner } from '@warren/contracts'
import { handle } from '../context.ts'
import { findJobs } from '../jobs/read.ts'

const PAGE = 10

export const listJobs = handle(executor.operations.listJobs, async ({ input, context, principal, roles }) => {
  return findJobs(context.db, { ...input, owner: onlyOwner({ principal, roles }), limit: input.limit ?? PAGE })
})
