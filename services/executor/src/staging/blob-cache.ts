import { once } from 'node:events'
import { constants, copyFile, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { WarrenError } from '@warren/contracts'
import { nanoid } from 'nanoid'
import { saveBytes, type Bytes } from './save.ts'

/** Bytes, by what they are. */
export interface Blob {
  readonly sha256: string
  readonly size: number
}

/** Blobs on the disk of this machine, so that what does not change is fetched once. Executors may share the folder. */
export interface BlobCache {
  /**
   * Puts a blob at a path, as a file of its own: it shares blocks with the cache where the file system can, and is never
   * a second name for the same file, as processes may write to it. What is not here is fetched, and compared.
   *
   * @throws WarrenError DIGEST_MISMATCH when other bytes came; the reason of the signal
   */
  place(blob: Blob, path: string, fetch: () => Promise<Bytes>, signal: AbortSignal): Promise<void>
}

/** A larger part of the cache than this would push too much else out. */
const LARGEST_SHARE = 1 / 4
/** After so much of the cache was written it is measured again; each of several executors may do so. */
const MEASURE_SHARE = 1 / 10
/** Others may remove it before it is copied. */
const MOST_TRIES = 10
/** What nobody has written to for so long is left of an executor that is gone. */
const LEFT_MS = 3_600_000

export async function openBlobCache(dir: string, maxBytes: number): Promise<BlobCache> {
  const incoming = join(dir, 'incoming')
  await mkdir(incoming, { recursive: true })
  const underWay = new Map<string, Promise<void>>()
  let measuring: Promise<void> | undefined
  let unmeasuredBytes = 0
  await makeRoom()
  return { place }

  async function place(blob: Blob, path: string, fetch: () => Promise<Bytes>, signal: AbortSignal): Promise<void> {
    if (blob.size > maxBytes * LARGEST_SHARE) return await save(blob, await fetch(), path)
    for (let tries = 0; !(await copy(blob, path)); tries++) {
      signal.throwIfAborted()
      if (tries > MOST_TRIES) throw new WarrenError('UNAVAILABLE', `The cache in ${dir} loses what is put there`)
      // who fetches it may be told to stop: then the next one does it
      const others = underWay.get(blob.sha256)
      if (others) await settledOr(others, signal)
      else await store(blob, fetch)
    }
  }

  async function copy({ sha256, size }: Blob, path: string): Promise<boolean> {
    const source = pathOf(sha256)
    // one that was cut by a crash is fetched again
    if ((await sizeOf(source)) !== size) return false
    try {
      await copyFile(source, path, constants.COPYFILE_FICLONE)
      const now = new Date()
      await utimes(source, now, now)
      return true
    } catch (error) {
      // somebody removed it meanwhile, and may have put it there again; or is it the folder of the path that is gone?
      if (!isMissing(error) || (await sizeOf(dirname(path))) === undefined) throw error
      return false
    }
  }

  async function store(blob: Blob, fetch: () => Promise<Bytes>): Promise<void> {
    const storing = fetchInto(blob, fetch).finally(() => underWay.delete(blob.sha256))
    underWay.set(blob.sha256, storing)
    await storing
    unmeasuredBytes += blob.size
    if (unmeasuredBytes > maxBytes * MEASURE_SHARE)
      await (measuring ??= makeRoom().finally(() => (measuring = undefined)))
  }

  async function fetchInto(blob: Blob, fetch: () => Promise<Bytes>): Promise<void> {
    const temporary = join(incoming, nanoid())
    try {
      await save(blob, await fetch(), temporary)
      await sync(temporary)
      await mkdir(folderOf(blob.sha256), { recursive: true })
      await rename(temporary, pathOf(blob.sha256))
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** Removes what was not used for the longest time, until a tenth is free. */
  async function makeRoom(): Promise<void> {
    unmeasuredBytes = 0
    const entries = await readdir(dir, { recursive: true, withFileTypes: true })
    const found = await Promise.all(entries.filter((entry) => entry.isFile()).map(measure))
    const files = found.filter((file) => file !== undefined).toSorted((a, b) => a.usedMs - b.usedMs)
    let bytes = files.reduce((sum, { size }) => sum + size, 0)
    for (const { path, size, usedMs } of files) {
      const isOver = path.startsWith(incoming) ? Date.now() - usedMs > LEFT_MS : bytes > maxBytes * (1 - MEASURE_SHARE)
      if (!isOver) continue
      await rm(path, { force: true })
      bytes -= size
    }
  }

  function folderOf(sha256: string): string {
    return join(dir, sha256.slice(0, 2))
  }

  function pathOf(sha256: string): string {
    return join(folderOf(sha256), sha256)
  }
}

async function save(blob: Blob, bytes: Bytes, path: string): Promise<void> {
  const saved = await saveBytes(bytes, path, blob.size)
  if (saved.sha256 === blob.sha256 && saved.size === blob.size) return
  throw new WarrenError('DIGEST_MISMATCH')
}

async function measure({ parentPath, name }: { readonly parentPath: string; readonly name: string }) {
  const path = join(parentPath, name)
  const found = await stat(path).catch(() => undefined) // another executor may have removed it
  return found && { path, size: found.size, usedMs: found.mtimeMs }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** Undefined of what is not there. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

async function settledOr(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const forget = new AbortController()
  await Promise.race([work, once(signal, 'abort', { signal: forget.signal })]).catch(() => {})
  forget.abort()
}
