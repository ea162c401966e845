import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WarrenError } from '@warren/contracts'
import { asWarrenError, type Database } from '@warren/database'
import type { Logger } from '@warren/mesh'
import { fetchesFiles } from '../grammar/files.ts'
import type { Grammar } from '../grammar/grammar.ts'
import type { ReferencePolicy } from '../grammar/reference-policy.ts'
import type { ReadRequest } from '../grammar/request.ts'
import type { Ending } from '../runs/outcome.ts'
import type { Attempt } from '../runs/attempt.ts'
import type { BlobCache } from './blob-cache.ts'
import type { FilesClient } from './files-client.ts'
import { writeFilesOfJob, type NewFileOfJob } from '../jobs/files-of-job.ts'
import { attachFiles } from './attach.ts'
import { writeLogFile } from './log-file.ts'
import { persist, type Patience } from './persist.ts'
import { stageIn } from './stage-in.ts'
import { storeLog, storeOutputs, storeRest, type StageOut } from './stage-out.ts'

type OfAttempt = 'jobId' | 'attempt' | 'owner' | 'request' | 'grammar' | 'deadline' | 'advance'

export interface StagedJob extends Pick<Attempt, OfAttempt> {
  /** Ends the run */
  readonly signal: AbortSignal
}

/** The working directory of a run that has to do with files. */
export interface Staged {
  readonly workdir: string
  /** JSON text: paths where the request has files */
  readonly inputs: string
  /** Stores what has to be kept, before the end is written; the ending may become another one. */
  store(ending: Ending, log: LogOfRun): Promise<Ending>
  remove(): Promise<void>
}

export interface LogOfRun {
  warn(message: string): void
  /** Settles when all of it is written: nothing is going to follow. */
  settle(): Promise<void>
}

export interface Staging {
  /** @throws WarrenError why an input could not be brought */
  open(job: StagedJob, inputs: string): Promise<Staged>
}

export interface StagingOptions {
  readonly files: FilesClient
  readonly cache: BlobCache
  readonly policy: ReferencePolicy
  readonly db: Database['db']
  readonly log: Logger
  readonly workDir: string
}

/** How long the outputs of a run are offered to a files service that is down. */
const STORE_MS = 600_000
/** The same for what a failed run left behind. */
const STORE_FAILED_MS = 20_000
/** Somebody waits for the stop. */
const STORE_STOPPED_MS = 6_000

/** Whether a run has to do with files; others pay nothing for them. */
export function isStaged({ keepFiles, inputs, files: attached }: ReadRequest, { files }: Grammar): boolean {
  if (keepFiles || attached.length > 0) return true
  if (files === undefined) return false
  return files.keep || files.outputs.size > 0 || fetchesFiles(files, inputs)
}

export function createStaging({ files, cache, policy, db, log: logger, workDir }: StagingOptions): Staging {
  return { open }

  async function open(job: StagedJob, given: string): Promise<Staged> {
    const { jobId, attempt, owner, grammar, request, signal, deadline } = job
    const workdir = join(workDir, `job-${jobId}.${attempt}`)
    const remove = (): Promise<void> => {
      return rm(workdir, { recursive: true, force: true }).catch((error: unknown) => {
        logger.warn({ err: error, jobId, attempt }, 'a working directory was not removed')
      })
    }
    const until = Math.min(deadline, Date.now() + STORE_MS)
    let brought: { inputs: string; rows: NewFileOfJob[] } = { inputs: given, rows: [] }
    let staged: StageOut['staged'] = new Map()
    try {
      await remove()
      await mkdir(workdir, { recursive: true })
      if (request.files.length > 0 || grammar.files) {
        const late = AbortSignal.any([
          signal,
          AbortSignal.timeout(Math.min(2 ** 31 - 1, Math.max(0, deadline - Date.now()))),
        ])
        const patience = { until, signal: late }
        const task = { workdir, attempt, owner, files, cache, policy, patience }
        const rows = await attachFiles({ ...task, attached: request.files })
        if (grammar.files) brought = await stageIn({ ...task, inputs: given, grammar: grammar.files })
        brought.rows.unshift(...rows)
        await persist(patience, () => writeFilesOfJob(db, jobId, brought.rows))
        staged = new Map(await Promise.all(brought.rows.map((row) => withTime(workdir, row))))
      }
    } catch (error) {
      await remove()
      throw asOurs(error)
    }
    const task: StageOut = { jobId, attempt, workdir, owner, grammar, files, staged }
    const keepsRest = request.keepFiles || grammar.files?.keep === true
    const stores = keepsRest || (grammar.files !== undefined && grammar.files.outputs.size > 0)
    return { workdir, inputs: brought.inputs, store, remove }

    async function store(ending: Ending, log: LogOfRun): Promise<Ending> {
      if (ending.move === 'fail') return keep(ending, STORE_FAILED_MS, log)
      if (ending.move === 'dismiss') return keep(ending, STORE_STOPPED_MS, log)
      if (ending.move !== 'stored' || !stores) return ending
      if (!(await job.advance('store'))) return { move: 'none' }
      try {
        const patience = { until: Math.min(deadline, Date.now() + STORE_MS), signal }
        const { results, rows } = await storeOutputs(task, ending.results, patience)
        if (keepsRest) rows.push(...(await storeRest(task, rows, patience, log.warn)))
        if (rows.length > 0) rows.push(...(await storeItsLog(log, patience)))
        await persist(patience, () => writeFilesOfJob(db, jobId, rows))
        return { move: 'stored', results }
      } catch (error) {
        if (signal.aborted) throw error
        return keep({ move: 'fail', error: asOurs(error) }, STORE_FAILED_MS, log)
      }
    }

    /** What a run that came to nothing left behind; its end does not depend on it. */
    async function keep(ending: Ending, withinMs: number, log: LogOfRun): Promise<Ending> {
      const patience: Patience = { until: Date.now() + withinMs, signal: AbortSignal.timeout(withinMs) }
      try {
        const rows = await storeRest(task, [], patience, log.warn)
        rows.push(...(await storeItsLog(log, patience)))
        await persist(patience, () => writeFilesOfJob(db, jobId, rows))
      } catch (error) {
        logger.warn({ err: error, jobId, attempt }, 'the files of a run were not kept')
        log.warn(`The files that the run left could not be kept: ${asOurs(error).message}`)
      }
      return ending
    }

    async function storeItsLog(log: LogOfRun, patience: Patience): Promise<NewFileOfJob[]> {
      await log.settle()
      const file = await persist(patience, () => writeLogFile(db, jobId, workdir))
      return file ? [await storeLog(task, file, patience)] : []
    }
  }
}

async function withTime(workdir: string, row: NewFileOfJob) {
  const { mtimeMs: modifiedMs } = await stat(join(workdir, row.path))
  return [row.path, { ...row, modifiedMs }] as const
}

function asOurs(error: unknown): WarrenError {
  if (error instanceof WarrenError) return error
  return (
    asWarrenError(error) ?? new WarrenError('UNAVAILABLE', `Files could not be staged: ${(error as Error).message}`)
  )
}
