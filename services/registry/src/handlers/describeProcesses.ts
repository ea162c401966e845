import { registry } from '@warren/contracts'
import { handle } from '../context.ts'
import { newestProcesses } from '../newest.ts'

const defaultLimit = 100

export const describeProcesses = handle(registry.operations.describeProcesses, async ({ input, context }) => {
  return await newestProcesses(context, { limit: input.limit ?? defaultLimit, after: input.after })
})
