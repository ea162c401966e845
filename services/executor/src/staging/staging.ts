import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WarrenError } from '@warren/contracts'
import { asWarrenError, type Database } from '@warren/database'
import type { Logger } from '@warren/mesh'
import type { Grammar } from '../grammar/grammar.ts'
import type { ReferencePolicy } from '../grammar/references.ts'
import type { ReadRequest } from '../grammar/request.ts'
import type { Ending } from '../runs/outcome.ts'
import type { FilesClient } from './files-client.ts'
import { writeFilesOfJob, type NewFileOfJob } from '../jobs/files-of-job.ts'
import { persist, type Patience } from './persist.ts'
import { stageIn } from './stage-in.ts'
import { storeOutputs, storeRest, type StageOut } from './stage-out.ts'

export interface StagedJob {
  readonly jobId: string
  readonly attempt: number
  readonly owner: string
  readonly request: ReadRequest
  readonly grammar: Grammar
  /** Epoch ms */
  readonly deadline: number
  /** Ends the run */
  readonly signal: AbortSignal
}

/** The working directory of a run that has to do with files. */
export interface Staged {
  readonly workdir: string
  /** JSON text: paths where the request has files */
  readonly inputs: string
  /** Stores what has to be kept, before the end is written; the ending may become another one. */
  store(ending: Ending, told: (message: string) => void): Promise<Ending>
  remove(): Promise<void>
}

export interface Staging {
  /** @throws WarrenError why an input could not be brought */
  open(job: StagedJob, inputs: string): Promise<Staged>
}

export interface StagingOptions {
  readonly files: FilesClient
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
export function isStaged({ keepFiles, inputs }: ReadRequest, { files }: Grammar): boolean {
  if (keepFiles) return true
  if (files === undefined) return false
  return files.keep || files.outputs.size > 0 || Object.keys(inputs).some((name) => files.inputs.has(name))
}

export function createStaging({ files, policy, db, log, workDir }: StagingOptions): Staging {
  return { open }

  async function open(job: StagedJob, given: string): Promise<Staged> {
    const { jobId, attempt, owner, grammar, request, signal, deadline } = job
    const workdir = join(workDir, `job-${jobId}.${attempt}`)
    const remove = (): Promise<void> => {
      return rm(workdir, { recursive: true, force: true }).catch((error: unknown) => {
        log.warn({ err: error, jobId, attempt }, 'a working directory was not removed')
      })
    }
    const until = Math.min(deadline, Date.now() + STORE_MS)
    let brought: { inputs: string; rows: NewFileOfJob[] } = { inputs: given, rows: [] }
    let staged: StageOut['staged'] = []
    try {
      await remove()
      await mkdir(workdir, { recursive: true })
      if (grammar.files && grammar.files.inputs.size > 0) {
        const late = AbortSignal.any([
          signal,
          AbortSignal.timeout(Math.min(2 ** 31 - 1, Math.max(0, deadline - Date.now()))),
        ])
        const patience = { until, signal: late }
        const task = { inputs: given, grammar: grammar.files, workdir, attempt, owner, files, policy, patience }
        brought = await stageIn(task)
        await persist(patience, () => writeFilesOfJob(db, jobId, brought.rows))
        staged = await Promise.all(brought.rows.map((row) => withTime(workdir, row)))
      }
    } catch (error) {
      await remove()
      throw asOurs(error)
    }
    const task: StageOut = { jobId, attempt, workdir, owner, grammar, files, staged }
    const keepsRest = request.keepFiles || grammar.files?.keep === true
    return { workdir, inputs: brought.inputs, store, remove }

    async function store(ending: Ending, told: (message: string) => void): Promise<Ending> {
      if (ending.move === 'fail') return keep(ending, STORE_FAILED_MS, told)
      if (ending.move === 'dismiss') return keep(ending, STORE_STOPPED_MS, told)
      if (ending.move !== 'stored') return ending
      try {
        const patience = { until: Math.min(deadline, Date.now() + STORE_MS), signal }
        const { results, rows } = await storeOutputs(task, ending.results, patience)
        if (keepsRest) rows.push(...(await storeRest(task, rows, patience, told)))
        await persist(patience, () => writeFilesOfJob(db, jobId, rows))
        return { move: 'stored', results }
      } catch (error) {
        if (signal.aborted) throw error
        return keep({ move: 'fail', error: asOurs(error) }, STORE_FAILED_MS, told)
      }
    }

    /** What a run that came to nothing left behind; its end does not depend on it. */
    async function keep(ending: Ending, withinMs: number, told: (message: string) => void): Promise<Ending> {
      const patience: Patience = { until: Date.now() + withinMs, signal: AbortSignal.timeout(withinMs) }
      try {
        const rows = await storeRest(task, [], patience, told)
        await persist(patience, () => writeFilesOfJob(db, jobId, rows))
      } catch (error) {
        log.warn({ err: error, jobId, attempt }, 'the files of a run were not kept')
        told(`The files that the run left could not be kept: ${asOurs(error).message}`)
      }
      return ending
    }
  }
}

async function withTime(workdir: string, row: NewFileOfJob): Promise<StageOut['staged'][number]> {
  return { ...row, modifiedMs: (await stat(join(workdir, row.path))).mtimeMs }
}

function asOurs(error: unknown): WarrenError {
  if (error instanceof WarrenError) return error
  return (
    asWarrenError(error) ?? new WarrenError('UNAVAILABLE', `Files could not be staged: ${(error as Error).message}`)
  )
}
