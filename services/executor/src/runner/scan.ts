import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { digestFolder, isIgnored } from './digest.ts'
import type { EntryKind } from './hosts.ts'

const kinds: { readonly [file: string]: EntryKind } = {
  'process.ts': 'node',
  'process.mjs': 'node',
  'process.js': 'node',
  'process.py': 'python',
  'process.json': 'command',
}

/** A folder with an entry file, as it is on the disk now. */
export interface Found {
  readonly folder: string
  readonly entry: string
  readonly kind: EntryKind
  readonly digest: string
}

export interface Unavailable {
  readonly folder: string
  readonly reason: string
}

/** The process folders in `root`: those that hold an entry file. A root that does not exist holds none. */
export async function scanRoot(root: string): Promise<(Found | Unavailable)[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => !entry.isFile() && !isIgnored(entry.name)).map(({ name }) => name)
  const found = await Promise.all(names.toSorted().map((name) => scanFolder(join(root, name))))
  return found.filter((one) => one !== undefined)
}

async function scanFolder(folder: string): Promise<Found | Unavailable | undefined> {
  const files = (await readdir(folder).catch(() => [])).filter((name) => Object.hasOwn(kinds, name))
  const [file] = files
  if (file === undefined) return undefined
  if (files.length > 1) return { folder, reason: `more than one entry file: ${files.join(', ')}` }
  try {
    return { folder, entry: join(folder, file), kind: kinds[file]!, digest: await digestFolder(folder) }
  } catch (error) {
    return { folder, reason: (error as Error).message }
  }
}
