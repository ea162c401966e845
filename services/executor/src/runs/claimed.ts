import { WarrenError } from '@warren/contracts'
import { backoffMs, type Logger } from '@warren/mesh'
import { setTimeout as wait } from 'node:timers/promises'
import type { Grammar } from '../grammar/grammar.ts'
import type { Grammars } from '../grammar/grammars.ts'
import { readRequest, type ReadRequest } from '../grammar/request.ts'
import type { JobMove } from '../jobs/sql/move-jobs.ts'
import type { ClaimedJob } from '../jobs/sql/claim-jobs.ts'
import type { Ledger } from '../jobs/ledger.ts'
import { writingOf, type Ending } from './outcome.ts'
import { retryAfterMs } from './retry.ts'
import type { Step } from './attempt.ts'
import type { RunJob } from './run-job.ts'

export interface ClaimedRuns {
  /** Runs a job that was claimed, to its end in the ledger. */
  start(job: ClaimedJob): void
  /** One for each that has not ended. */
  processIds(): readonly string[]
  /** Those that have not ended in the ledger. */
  jobIds(): Iterable<string>
  /** Settles when none is left. */
  idle(): Promise<void>
}

export interface ClaimedRunsOptions {
  readonly ledger: Ledger
  readonly grammars: Grammars
  readonly executorId: string
  readonly log: Logger
  readonly runJob: RunJob
  /** A slot may be free again. */
  readonly ended: () => void
  /** A job of this process waits for its next attempt, and has waited long enough after so long. */
  readonly retryDue: (processId: string, afterMs: number) => void
}

/** How long the end of a run is offered to a database that is down; then the lease has run out anyway. */
const WRITE_TRIES = 30

export function createClaimedRuns(options: ClaimedRunsOptions): ClaimedRuns {
  const { ledger, grammars, executorId, log, runJob, ended, retryDue } = options
  const underWay = new Map<Promise<void>, ClaimedJob>()
  return {
    start: (job) => {
      const work = run(job)
        .catch((error: unknown) => log.error({ err: error, jobId: job.jobId }, 'the end of a job was not written'))
        .finally(() => {
          underWay.delete(work)
          ended()
        })
      underWay.set(work, job)
    },
    processIds: () => Array.from(underWay.values(), ({ processId }) => processId),
    jobIds: () => Array.from(underWay.values(), ({ jobId }) => jobId),
    idle: async () => void (await Promise.all(underWay.keys())),
  }

  async function run(job: ClaimedJob): Promise<void> {
    const ending = await attempt(job)
    if (ending.move === 'none') return
    const held = heldBy(job)
    const writing = writingOf(ending)
    const { retry } = grammars.local(job.processId)?.description ?? {}
    const runAfterMs = ending.move === 'fail' ? retryAfterMs(ending.error, retry, job.failures) : undefined
    if (runAfterMs === undefined) return void (await write({ ...held, ...writing }))
    await write({ ...held, ...writing, move: 'retry', runAfterMs })
    retryDue(job.processId, runAfterMs)
  }

  async function attempt(job: ClaimedJob): Promise<Ending> {
    const found = grammars.local(job.processId)
    if (!found) return { move: 'fail', error: new WarrenError('NO_SUCH_PROCESS', 'The process went away') }
    const request = readRequest(job.request, job.processId)
    const grammar = await ofOptions(found, request.inputs)
    if (grammar instanceof WarrenError) return { move: 'fail', error: grammar }
    return runJob({
      jobId: job.jobId,
      attempt: job.attempt,
      owner: job.owner,
      request,
      grammar,
      deadline: job.deadlineAt?.getTime() ?? Infinity,
      timeLimitMs: grammar.description.timeoutMs,
      checkpoint: job.checkpoint ?? undefined,
      traceparent: job.traceparent ?? undefined,
      isStaging: job.state === 'staging',
      advance: (step: Step) => write({ ...heldBy(job), move: step }),
    })
  }

  function ofOptions(found: Grammar, inputs: ReadRequest['inputs']): Grammar | Promise<Grammar | WarrenError> {
    if (!found.forOptions) return found
    return found.forOptions(inputs, '/inputs').catch((error: unknown) => {
      return error instanceof WarrenError ? error : new WarrenError('INTERNAL', undefined, { cause: error })
    })
  }

  function heldBy({ jobId: id, attempt }: ClaimedJob): Pick<JobMove, 'id' | 'attempt' | 'executorId'> {
    return { id, attempt, executorId }
  }

  /** False when the job is somebody else's. */
  async function write(move: JobMove): Promise<boolean> {
    for (let tries = 0; ; tries++) {
      try {
        const moved = await ledger.move(move)
        if (!moved) log.warn({ jobId: move.id, attempt: move.attempt }, 'the job was not ours any more')
        return moved
      } catch (error) {
        if (tries >= WRITE_TRIES) throw error
        await wait(backoffMs(tries, 100, 1_000))
      }
    }
  }
}
