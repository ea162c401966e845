import { inSpan, type Mesh } from '@warren/mesh'
import { createRunMeters } from '../metrics.ts'
import type { Ending } from './outcome.ts'
import type { RunJob } from './run-job.ts'

const outcomes: Readonly<Record<Exclude<Ending['move'], 'fail' | 'refuse'>, string>> = {
  stored: 'successful',
  dismiss: 'dismissed',
  checkpoint: 'checkpointed',
  handBack: 'handed back',
  none: 'lost',
}

/** The same runs, each counted, and with a span where spans are wanted: the process that runs gets its context. */
export function observeRuns(mesh: Mesh, runJob: RunJob): RunJob {
  const meterOf = createRunMeters({ mesh })
  return async (attempt) => {
    const { processId } = attempt.request
    const started = performance.now()
    const start = {
      name: `run ${processId}`,
      kind: 'internal',
      parent: { traceparent: attempt.traceparent },
      attributes: {
        'warren.process.id': processId,
        'warren.job.id': attempt.jobId,
        'warren.job.attempt': attempt.attempt,
      },
    } as const
    const run = ({ traceparent }: { traceparent?: string | undefined }): Promise<Ending> =>
      runJob(traceparent === attempt.traceparent ? attempt : { ...attempt, traceparent })
    const ending = await inSpan(mesh.tracer, start, run, errorOf)
    // what does not fit was not run
    if (ending.move !== 'refuse') meterOf(processId).done(performance.now() - started, outcomeOf(ending))
    return ending
  }
}

function errorOf(ending: Ending): string | undefined {
  return ending.move === 'fail' || ending.move === 'refuse' ? ending.error.code : undefined
}

function outcomeOf(ending: Exclude<Ending, { move: 'refuse' }>): string {
  return ending.move === 'fail' ? ending.error.code : outcomes[ending.move]
}
