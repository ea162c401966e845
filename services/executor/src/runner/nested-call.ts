import { calledLine } from './protocol.ts'
import type { Run } from './run.ts'

/** Runs another process for a run, which counts as waiting meanwhile, and resolves to the line that answers its host. */
export async function answerCall(run: Run, call: string, processId: string, inputs: string): Promise<string> {
  run.calls++
  try {
    if (!run.hooks.call) throw Object.assign(new Error('calls are not possible here'), { code: 'UNIMPLEMENTED' })
    return calledLine(call, { outputs: await run.hooks.call(processId, inputs) })
  } catch (error) {
    const { code = 'INTERNAL', message = String(error) } = error as { code?: string; message?: string }
    return calledLine(call, { error: { code, message } })
  } finally {
    run.calls--
  }
}
