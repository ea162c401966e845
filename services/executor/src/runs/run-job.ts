import { executor, WarrenError } from '@warren/contracts'
import { client, type Mesh } from '@warren/mesh'
import { createDerive, withoutAsked } from '../derivatives/derive.ts'
import { planDerivation, type Planned } from '../derivatives/planning.ts'
import { printAsk } from '../derivatives/request.ts'
import type { Values } from '../derivatives/vectors.ts'
import { prepareInputs } from '../grammar/request.ts'
import type { ActiveRuns } from '../jobs/active.ts'
import type { CheckpointWriter } from '../jobs/checkpoints.ts'
import type { ProgressWriter } from '../jobs/progress.ts'
import type { RecordWriter, RunRecords } from '../jobs/records.ts'
import type { Tellings } from '../jobs/tellings.ts'
import type { Pool } from '../runner/pool.ts'
import type { RunOutcome } from '../runner/run.ts'
import { isStaged, type Staged, type Staging } from '../staging/staging.ts'
import type { Attempt } from './attempt.ts'
import type { Callers } from './callers.ts'
import { endingOf, type Ending } from './outcome.ts'

/** Runs one attempt of a job in the pool and says how it ended. */
export type RunJob = (attempt: Attempt) => Promise<Ending>

export interface RunJobOptions {
  readonly mesh: Mesh
  readonly pool: Pool
  readonly active: ActiveRuns
  readonly progress: ProgressWriter
  readonly checkpoints: CheckpointWriter
  readonly records: RecordWriter
  readonly tellings: Tellings
  readonly callers: Callers
  readonly staging: Staging
}

export function createRunJob(options: RunJobOptions): RunJob {
  const { mesh, pool, active, progress, checkpoints, records, tellings, callers, staging } = options
  const processes = client(executor, mesh)
  const derive = createDerive({ mesh, pool, callers })
  return async (given) => {
    const { jobId, attempt, owner, request, grammar, deadline, timeLimitMs, checkpoint, traceparent } = given
    let inputs: string
    let planned: Planned | undefined
    try {
      inputs = prepareInputs(request, grammar)
      planned = request.derive && planDerivation(request.derive, grammar, JSON.parse(inputs) as Values)
    } catch (error) {
      return { move: 'refuse', error: error as WarrenError }
    }
    const signal = active.begin(jobId, attempt)
    let kept: RunRecords | undefined
    let staged: Staged | undefined
    try {
      if (isStaged(request, grammar)) {
        const job = { jobId, attempt, owner, request, grammar, deadline, signal, advance: given.advance }
        staged = await staging.open(job, inputs)
      }
      if (given.isStaging && !(await given.advance('ready'))) return { move: 'none' }
      const outcome = await pool.run(
        {
          id: jobId,
          processId: request.processId,
          attempt,
          inputs: staged?.inputs ?? inputs,
          deadline,
          ...(staged && { workdir: staged.workdir }),
          ...(timeLimitMs !== undefined && { timeLimitMs }),
          ...(checkpoint !== undefined && { checkpoint }),
          ...(planned?.plan.ask && { derive: printAsk(planned.plan.ask) }),
          ...(traceparent !== undefined && { traceparent }),
        },
        {
          signal,
          onProgress: (percent, message) => progress.set(jobId, attempt, percent, message),
          onCheckpoint: (state) => checkpoints.save(jobId, attempt, state),
          onLog: (line) => (kept ??= records.begin(jobId, attempt)).log(line),
          onMetric: (name, value, step) => (kept ??= records.begin(jobId, attempt)).metric(name, value, step),
          onTell: (name, data) => tellings.tell({ jobId, processId: request.processId, attempt, owner, name, data }),
          // a process that calls another one calls it as anybody would
          call: async (processId, raw) => {
            const body = `{"processId":${JSON.stringify(processId)},"inputs":${raw}}`
            const options = { signal, deadline, principal: owner, ...(traceparent !== undefined && { traceparent }) }
            const call = () => processes.execute({ key: processId, body }, options)
            return (await callers.during(request.processId, call)).body
          },
        },
      )
      const end = (of: RunOutcome): Ending => endingOf(of, grammar, request.outputs, active.reasonOf(jobId))
      let reached = end(planned ? withoutAsked(outcome, planned) : outcome)
      if (planned && outcome.status === 'successful' && reached.move === 'stored') {
        reached = await derive({
          ...given,
          planned,
          outputs: outcome.value,
          results: reached.results,
          signal,
          onProgress: (done, count) => progress.set(jobId, attempt, (100 * done) / count, `${done} of ${count} runs`),
          cancelled: () => end({ status: 'cancelled' }),
        })
      }
      const ending = staged
        ? await staged.store(reached, {
            warn: (line) => {
              kept ??= records.begin(jobId, attempt)
              kept.log({ stream: 'log', level: 'warning', time: Date.now(), line })
            },
            settle: async () => await kept?.settle(),
          })
        : reached
      // before the end is: who sees the end finds the whole log
      await kept?.settle()
      return ending
    } catch (error) {
      // only staging and the ledger fail: pool and writers never do
      await kept?.settle()
      const cancelled = signal.aborted || Date.now() >= deadline
      if (cancelled) return endingOf({ status: 'cancelled' }, grammar, undefined, active.reasonOf(jobId))
      if (!(error instanceof WarrenError)) throw error
      return { move: 'fail', error }
    } finally {
      if (staged) await staged.remove()
      progress.settle(jobId)
      tellings.settle(jobId)
      active.end(jobId)
    }
  }
}
