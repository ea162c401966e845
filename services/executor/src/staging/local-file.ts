import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** A file in the working directory of a run. */
export interface LocalFile {
  /** Absolute */
  readonly source: string
  /** In the working directory, with `/` between folders */
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
}

/** The regular file that a process means by a path, or why it is none that may be stored. */
export async function findInside(workdir: string, path: string): Promise<LocalFile | string> {
  try {
    // links are followed first: one that leads out of the directory is outside
    const [root, source] = await Promise.all([realpath(workdir), realpath(resolve(workdir, path))])
    if (!source.startsWith(root + sep)) return 'lies outside the working directory'
    const { size, mtimeMs, isFile } = await facts(source)
    return isFile ? { source, path: slashes(relative(root, source)), size, modifiedMs: mtimeMs } : 'is no file'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : (error as Error).message
  }
}

/** Every regular file of the directory and its folders, in order; links are not followed. */
export async function listFiles(workdir: string): Promise<LocalFile[]> {
  const entries = await readdir(workdir, { recursive: true, withFileTypes: true })
  const sources = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const files = await Promise.all(
    sources.toSorted().map(async (source) => {
      const { size, mtimeMs } = await facts(source)
      return { source, path: slashes(relative(workdir, source)), size, modifiedMs: mtimeMs }
    }),
  )
  return files
}

/** Paths of the folders in which there is nothing. */
export async function listEmptyFolders(workdir: string): Promise<string[]> {
  const entries = await readdir(workdir, { recursive: true, withFileTypes: true })
  const parents = new Set(entries.map(({ parentPath }) => parentPath))
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name))
  return folders.filter((folder) => !parents.has(folder)).map((folder) => slashes(relative(workdir, folder)))
}

export async function sha256Of(source: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(source), hash)
  return hash.digest('hex')
}

async function facts(source: string): Promise<{ size: number; mtimeMs: number; isFile: boolean }> {
  const found = await stat(source)
  return { size: found.size, mtimeMs: found.mtimeMs, isFile: found.isFile() }
}

function slashes(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/')
}
