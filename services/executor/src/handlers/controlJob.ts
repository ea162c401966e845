import { executor } from '@warren/contracts'
import { handle } from '../context.ts'
import { close, extend, pause, resume, start, stop } from '../jobs/control.ts'
import { findVisible } from '../jobs/visible.ts'

const actions = { close, extend, pause, resume, start, stop }

export const controlJob = handle(executor.operations.controlJob, async (call) => {
  const job = await findVisible(call)
  return actions[call.input.action](call.context, job, call.input)
})
