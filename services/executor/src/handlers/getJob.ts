import { executor } from '@warren/contracts'
import { handle } from '../context.ts'
import { findVisible } from '../jobs/visible.ts'

export const getJob = handle(executor.operations.getJob, findVisible)
