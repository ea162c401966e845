import { executor, onlyOwner } from '@warren/contracts'
import { handle } from '../context.ts'
import { readEvents } from '../jobs/read-events.ts'
import { findVisible } from '../jobs/visible.ts'

const PAGE = 200

export const listEvents = handle(executor.operations.listEvents, async (call) => {
  const { context, principal, roles } = call
  const { jobId, processId, after, limit = PAGE } = call.input
  if (jobId !== undefined) await findVisible({ context, principal, roles, input: { id: jobId } })
  return readEvents(context.db, { jobId, processId, owner: onlyOwner({ principal, roles }), after, limit })
})
