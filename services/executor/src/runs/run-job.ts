import { executor, WarrenError } from '@warren/contracts'
import { client, type Mesh } from '@warren/mesh'
import type { Grammar } from '../grammar/grammar.ts'
import { prepareInputs, type ReadRequest } from '../grammar/request.ts'
import type { ActiveRuns } from '../jobs/active.ts'
import type { CheckpointWriter } from '../jobs/checkpoints.ts'
import type { ProgressWriter } from '../jobs/progress.ts'
import type { RecordWriter, RunRecords } from '../jobs/records.ts'
import type { Pool } from '../runner/pool.ts'
import { isStaged, type Staged, type Staging } from '../staging/staging.ts'
import type { Callers } from './callers.ts'
import { endingOf, type Ending } from './outcome.ts'

export interface Attempt {
  readonly jobId: string
  readonly attempt: number
  readonly owner: string
  readonly request: ReadRequest
  readonly grammar: Grammar
  /** Epoch ms */
  readonly deadline: number
  /** Running time that it may take; paused time does not count */
  readonly timeLimitMs?: number | undefined
  /** State that an earlier attempt saved; JSON text */
  readonly checkpoint?: string | undefined
  readonly traceparent?: string | undefined
}

/** Runs one attempt of a job in the pool and says how it ended. */
export type RunJob = (attempt: Attempt) => Promise<Ending>

export interface RunJobOptions {
  readonly mesh: Mesh
  readonly pool: Pool
  readonly active: ActiveRuns
  readonly progress: ProgressWriter
  readonly checkpoints: CheckpointWriter
  readonly records: RecordWriter
  readonly callers: Callers
  readonly staging: Staging
}

export function createRunJob(options: RunJobOptions): RunJob {
  const { mesh, pool, active, progress, checkpoints, records, callers, staging } = options
  const processes = client(executor, mesh)
  return async ({ jobId, attempt, owner, request, grammar, deadline, timeLimitMs, checkpoint, traceparent }) => {
    let inputs: string
    try {
      inputs = prepareInputs(request, grammar)
    } catch (error) {
      return { move: 'refuse', error: error as WarrenError }
    }
    const signal = active.begin(jobId, attempt)
    let kept: RunRecords | undefined
    let staged: Staged | undefined
    try {
      if (isStaged(request, grammar)) {
        const job = { jobId, attempt, owner, request, grammar, deadline, signal }
        staged = await staging.open(job, inputs)
      }
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
          ...(traceparent !== undefined && { traceparent }),
        },
        {
          signal,
          onProgress: (percent, message) => progress.set(jobId, attempt, percent, message),
          onCheckpoint: (state) => checkpoints.save(jobId, attempt, state),
          onLog: (line) => (kept ??= records.begin(jobId, attempt)).log(line),
          onMetric: (name, value, step) => (kept ??= records.begin(jobId, attempt)).metric(name, value, step),
          // a process that calls another one calls it as anybody would
          call: async (processId, raw) => {
            const body = `{"processId":${JSON.stringify(processId)},"inputs":${raw}}`
            const options = { signal, deadline, principal: owner, ...(traceparent !== undefined && { traceparent }) }
            const call = () => processes.execute({ key: processId, body }, options)
            return (await callers.during(request.processId, call)).body
          },
        },
      )
      const reached = endingOf(outcome, grammar, request.outputs, active.reasonOf(jobId))
      const ending = staged
        ? await staged.store(reached, (line) => {
            kept ??= records.begin(jobId, attempt)
            kept.log({ stream: 'log', level: 'warning', time: Date.now(), line })
          })
        : reached
      // before the end is: who sees the end finds the whole log
      await kept?.settle()
      return ending
    } catch (error) {
      // only staging fails: pool and writers never do
      if (!staged && !(error instanceof WarrenError)) throw error
      await kept?.settle()
      const cancelled = signal.aborted || Date.now() >= deadline
      if (cancelled) return endingOf({ status: 'cancelled' }, grammar, undefined, active.reasonOf(jobId))
      return { move: 'fail', error: error as WarrenError }
    } finally {
      if (staged) await staged.remove()
      progress.settle(jobId)
      active.end(jobId)
    }
  }
}
