import { registry } from '@warren/contracts'
import { handle } from '../context.ts'
import { newestProcesses } from '../newest.ts'
import { summaryOf } from '../summary.ts'

const defaultLimit = 1_000

export const listProcesses = handle(registry.operations.listProcesses, async ({ input, context }) => {
  const { processes, next } = await newestProcesses(context, { limit: input.limit ?? defaultLimit, after: input.after })
  return { processes: processes.map(summaryOf), next }
})
