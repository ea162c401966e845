import { executor } from '@warren/contracts'
import { handle } from '../context.ts'
import { findAttempts } from '../jobs/attempts.ts'
import { findVisible } from '../jobs/visible.ts'

export const listAttempts = handle(executor.operations.listAttempts, async (call) => {
  const job = await findVisible(call)
  return { attempts: await findAttempts(call.context.db, job) }
})
