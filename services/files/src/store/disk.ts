import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WarrenError } from '@warren/contracts'
import { readBytes } from './read.ts'
import type { Store } from './store.ts'
import { sync } from './sync.ts'

/** Keeps blobs in a folder, as `ab/abcd…`. Spooled files have to be on the same file system. */
export async function openDiskStore(dir: string): Promise<Store> {
  for (let first = 0; first < 256; first++) {
    await mkdir(join(dir, first.toString(16).padStart(2, '0')), { recursive: true })
  }
  await sync(dir)
  return { has, prepare, place, read, remove, list }

  async function has(digest: string, size: number): Promise<boolean> {
    const found = await stat(pathOf(digest)).catch(() => undefined)
    return found?.size === size
  }

  async function prepare(path: string, digest: string, size: number): Promise<void> {
    if (!(await has(digest, size))) await sync(path)
  }

  async function place(path: string, digest: string, size: number): Promise<void> {
    if (await has(digest, size)) return await rm(path, { force: true })
    await sync(path)
    await rename(path, pathOf(digest))
    await sync(folderOf(digest))
  }

  async function read(digest: string, range: Parameters<Store['read']>[1], signal?: AbortSignal) {
    try {
      return await readBytes(pathOf(digest), range, signal)
    } catch (cause) {
      throw new WarrenError('DATA_LOSS', 'The bytes of the file are lost', { more: { sha256: digest }, cause })
    }
  }

  async function remove(digest: string): Promise<void> {
    await rm(pathOf(digest), { force: true })
  }

  async function* list(): AsyncIterable<readonly string[]> {
    for (const folder of await readdir(dir)) yield await readdir(join(dir, folder))
  }

  function folderOf(digest: string): string {
    return join(dir, digest.slice(0, 2))
  }

  function pathOf(digest: string): string {
    return join(folderOf(digest), digest)
  }
}
