import { join } from 'node:path'
import { WarrenError } from '@warren/contracts'
import type { NewFileOfJob } from '../jobs/files-of-job.ts'
import { bringFile, type Bringing } from './bring.ts'
import { fileIdOf } from './link.ts'
import { INPUTS } from './stage-in.ts'

/** A file of ours that a run shall find in its working directory. */
export interface Attached {
  readonly href: string
  /** Base name */
  readonly name: string
}

export interface Attach extends Bringing {
  readonly attached: readonly Attached[]
  readonly workdir: string
  readonly attempt: number
}

/** @throws WarrenError BAD_INPUT with those that the owner does not have, and those whose name is taken */
export async function requireAttached(
  attached: readonly Attached[],
  { files, owner }: Pick<Attach, 'files' | 'owner'>,
): Promise<void> {
  const missing = await Promise.all(attached.map(({ href }) => isMissing(href)))
  const names = new Set([INPUTS])
  const errors = attached.flatMap(({ href, name }, n) => {
    const pointer = `/warren/files/${n}`
    if (missing[n])
      return [{ pointer: `${pointer}/href`, code: 'href', message: 'is no file of the principal', got: href }]
    if (names.has(name)) return [{ pointer: `${pointer}/name`, code: 'unique', message: 'is taken', got: name }]
    names.add(name)
    return []
  })
  if (errors.length > 0) throw new WarrenError('BAD_INPUT', 'Not all files can be brought', { errors })

  async function isMissing(href: string): Promise<boolean> {
    const id = fileIdOf(href)
    if (id === undefined) return true
    return files.describe(id, owner).then(
      () => false,
      (error: unknown) => {
        if (error instanceof WarrenError && error.code === 'NO_SUCH_FILE') return true
        throw error
      },
    )
  }
}

/** Brings the files that a request puts beside the inputs into the root of the working directory. @throws WarrenError */
export async function attachFiles(task: Attach): Promise<NewFileOfJob[]> {
  const { attached, workdir, attempt } = task
  const rows: NewFileOfJob[] = []
  for (const { href, name: path } of attached) {
    const fileId = fileIdOf(href) as string // it was looked at when the job was accepted
    const brought = await bringFile(task, fileId, join(workdir, path))
    rows.push({ path, role: 'input', attempt, name: null, fileId, source: null, ...brought })
  }
  return rows
}
