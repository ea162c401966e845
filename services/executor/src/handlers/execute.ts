import { executor } from '@warren/contracts'
import { handle } from '../context.ts'
import { runSynchronously } from '../runs/synchronous.ts'

/** Calls come from a queue for each process; see offers/intake.ts. */
export const execute = handle(executor.operations.execute, (call) => runSynchronously(call.key, call))
