import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FolderEntry, WarrenError } from '@warren/contracts'
import { z } from 'zod'
import { bringFile, type Bringing, type Known } from './bring.ts'
import { folderIdOf, type FolderLink } from './link.ts'
import { persist } from './persist.ts'

/** Files of one folder that are fetched at a time. */
const AT_A_TIME = 8

const Entries = z.array(FolderEntry.pick({ path: true, fileId: true, size: true, sha256: true, type: true }))

/** A file of a folder that was brought. */
export interface BroughtFile extends Known {
  /** In the folder */
  readonly path: string
  readonly fileId: string
}

/**
 * Brings the tree of a folder: as it was when the job was accepted, whatever happened to the folder since.
 *
 * @throws WarrenError BAD_INPUT when it is no folder, else as for a file
 */
export async function bringFolder(task: Bringing, link: FolderLink, root: string): Promise<BroughtFile[]> {
  const entries = await entriesOf(task, link)
  for (const folder of new Set(entries.map(({ path }) => dirname(path)))) {
    await mkdir(join(root, folder), { recursive: true })
  }
  const left = entries.values()
  const failures: unknown[] = []
  await Promise.all(Array.from({ length: AT_A_TIME }, bringSome))
  if (failures.length > 0) throw failures[0]
  return entries

  /** What is under way ends before the first failure is told: nothing is written into a folder that is removed. */
  async function bringSome(): Promise<void> {
    for (const entry of left) {
      if (failures.length > 0) return
      await bringFile(task, entry.fileId, join(root, entry.path), entry).catch((error: unknown) => failures.push(error))
    }
  }
}

async function entriesOf({ files, owner, patience }: Bringing, link: FolderLink): Promise<BroughtFile[]> {
  if (link.entries !== undefined) {
    const { success, data } = Entries.safeParse(link.entries)
    if (success) return data
    throw new WarrenError('BAD_INPUT', 'What is said to be in the folder cannot be in one')
  }
  const id = folderIdOf(link.href)
  if (id === undefined) throw new WarrenError('BAD_INPUT', `${link.href} is no folder`)
  return (await persist(patience, () => files.describeFolder(id, owner))).entries
}
