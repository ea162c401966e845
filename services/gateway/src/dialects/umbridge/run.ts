import { executor as contract, isFinal, WarrenError, type Derive, type ProcessDescription } from '@warren/contracts'
import { callOptions } from '../../call-options.ts'
import type { Context } from '../../context.ts'
import type { RequestContext } from '../../env.ts'
import { awaitEnd } from '../wait.ts'

/** Runs the model; the results as JSON text. */
export type Run = (inputs: Readonly<Record<string, unknown>>, derive?: Derive) => Promise<string>

/** What a synchronous run may take at most. */
const SYNC_MS = contract.operations.execute.deadlineMs

/**
 * Clients wait for as long as a model takes. A run is synchronous, which is fastest, unless the process may take longer
 * than such a run; when it did not say and does, it runs again as a job.
 */
export function runnerOf(c: RequestContext, context: Context, process: ProcessDescription): Run {
  const { id, timeoutMs, jobControlOptions } = process
  const isBrief = jobControlOptions.includes('sync-execute') && (timeoutMs ?? 0) <= SYNC_MS

  return async (inputs, derive) => {
    const body = JSON.stringify({ processId: id, inputs, ...(derive && { warren: { derive } }) })
    if (!isBrief) return runAsJob(c, context, body)
    try {
      const { body: results } = await context.executor.execute({ key: id, body }, callOptions(c))
      return results
    } catch (error) {
      if (timeoutMs === undefined && isTimeout(error)) return runAsJob(c, context, body)
      throw error
    }
  }
}

/** However long it takes; a client that goes away stops it. */
async function runAsJob(c: RequestContext, context: Context, body: string): Promise<string> {
  const { executor } = context
  const { signal = c.req.raw.signal, ...options } = callOptions(c)
  const accepted = await executor.submit({ body }, options)
  const job = await awaitEnd(context, accepted, { ...options, signal })
  if (isFinal(job.state)) return (await executor.getResults({ id: job.id }, options)).body
  const reason = 'The client went away'
  await executor.controlJob({ id: job.id, action: 'stop', reason }, options)
  throw new WarrenError('CANCELLED', reason)
}

function isTimeout(error: unknown): boolean {
  return error instanceof WarrenError && error.code === 'TIMEOUT'
}
