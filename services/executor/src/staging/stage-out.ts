import { createHash } from 'node:crypto'
import { rawJson, WarrenError } from '@warren/contracts'
import type { Grammar } from '../grammar/grammar.ts'
import type { FilesClient } from './files-client.ts'
import { emptyFolder, type NewFileOfJob } from '../jobs/files-of-job.ts'
import { resultLink } from './link.ts'
import { findInside, listEmptyFolders, listFiles, sha256Of, type LocalFile } from './local-file.ts'
import { persist, type Patience } from './persist.ts'

/** More than so many that were left behind are not kept. */
const MOST_KEPT = 1_000

export interface StageOut {
  readonly jobId: string
  readonly attempt: number
  readonly workdir: string
  readonly owner: string
  readonly grammar: Grammar
  readonly files: FilesClient
  /** What was brought into the directory, as it was then, by its path. */
  readonly staged: ReadonlyMap<string, NewFileOfJob & { readonly modifiedMs: number }>
}

/**
 * Stores the outputs that are files.
 *
 * @param results JSON text of the outputs, with paths
 * @returns the same with links, and what was stored
 * @throws WarrenError BAD_RESULT for a path that is no file of the directory, or what storing failed with
 */
export async function storeOutputs(
  task: StageOut,
  results: string,
  patience: Patience,
): Promise<{ results: string; rows: NewFileOfJob[] }> {
  const { grammar, workdir } = task
  const rows: NewFileOfJob[] = []
  const members: [string, string][] = []
  for (const [name, raw] of rawJson.members(results)) {
    if (!grammar.files?.outputs.has(name)) {
      members.push([name, raw])
      continue
    }
    const path = JSON.parse(raw) as string
    const found = await findInside(workdir, path)
    if (typeof found === 'string') throw badPath(name, path, found)
    const row = await store(
      task,
      found,
      { role: 'output', name, type: typeOf(grammar.description.outputs[name]) },
      patience,
    )
    rows.push(row)
    members.push([name, resultLink({ id: row.fileId as string, type: row.type, name: baseName(row.path) })])
  }
  return { results: rawJson.object(members), rows }
}

/**
 * Stores every new or changed file of the working directory that is none of the outputs, and says which folders are empty.
 *
 * @param told hears of what is not kept
 */
export async function storeRest(
  task: StageOut,
  outputs: readonly NewFileOfJob[],
  patience: Patience,
  told: (message: string) => void,
): Promise<NewFileOfJob[]> {
  const known = new Set(outputs.map(({ path }) => path))
  const rest: LocalFile[] = []
  for (const file of await listFiles(task.workdir)) {
    if (!known.has(file.path) && (await isNew(file, task.staged))) rest.push(file)
  }
  if (rest.length > MOST_KEPT) told(`${rest.length - MOST_KEPT} of ${rest.length} files are not kept`)
  const rows: NewFileOfJob[] = []
  for (const file of rest.slice(0, MOST_KEPT))
    rows.push(await store(task, file, { role: 'kept', name: null }, patience))
  const folders = await listEmptyFolders(task.workdir)
  return [...rows, ...folders.slice(0, MOST_KEPT).map((path) => emptyFolder(path, task.attempt))]
}

/** Stores the log as it is now, under a name of its own. */
export async function storeLog(task: StageOut, log: LocalFile, patience: Patience): Promise<NewFileOfJob> {
  return store(task, log, { role: 'log', name: null, type: 'text/plain' }, patience)
}

async function isNew({ path, size, modifiedMs, source }: LocalFile, staged: StageOut['staged']): Promise<boolean> {
  const before = staged.get(path)
  if (!before || before.size !== size) return true
  return before.modifiedMs !== modifiedMs && before.sha256 !== (await sha256Of(source))
}

async function store(
  { jobId, attempt, owner, files }: StageOut,
  { source, path, size }: LocalFile,
  { role, name, type }: Pick<NewFileOfJob, 'role' | 'name'> & { type?: string | undefined },
  patience: Patience,
): Promise<NewFileOfJob> {
  const sha256 = await sha256Of(source)
  // the bytes belong to the intent: a run that was lost in the middle may have begun to store others
  const key = createHash('sha256')
    .update(JSON.stringify([jobId, attempt, path, sha256]))
    .digest('base64url')
  const toStore = { source, name: baseName(path), type, size, sha256, key }
  const file = await persist(patience, () => files.store(toStore, owner, patience.signal))
  return { path, role, attempt, name, fileId: file.id, source: null, size, sha256, type: file.type }
}

function typeOf(output: { readonly schema: unknown } | undefined): string | undefined {
  const { contentMediaType } = (output?.schema ?? {}) as { contentMediaType?: unknown }
  return typeof contentMediaType === 'string' ? contentMediaType : undefined
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function badPath(name: string, path: string, why: string): WarrenError {
  return new WarrenError('BAD_RESULT', `The output "${name}": the file "${path}" ${why}`, {
    errors: [{ pointer: `/outputs/${name}`, code: 'file', message: why, expected: 'a file', got: path }],
  })
}
