import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { nanoid } from 'nanoid'
import { createIncoming, type Incoming } from './incoming.ts'

/** What nobody has written to for so long is left over, whoever it belonged to. */
const IDLE_MS = 3_600_000
const CHUNK_BYTES = 1_048_576

/** Names of what this process writes to. */
const live = new Set<string>()

/** The files of bytes on their way in, of this instance and of others that share the folder. */
export interface Spool {
  /** A new file; the caller closes or discards it. */
  create(): Promise<Incoming>
  /** Another name for the same bytes, to be discarded by itself. */
  again(incoming: Incoming): Promise<Incoming>
  path(name: string): string
  /** The first bytes of one of them, in chunks that are overwritten by the next. */
  chunks(name: string, bytes: number): AsyncGenerator<Uint8Array, void>
  remove(names: readonly string[]): Promise<void>
  /** Removes what instances that are gone have left, but what `isNeeded`; gives the number of bytes. */
  sweep(isNeeded: (names: readonly string[]) => Promise<ReadonlySet<string>>): Promise<number>
}

export async function openSpool(dir: string): Promise<Spool> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const host = hostname().replaceAll(/[^\w-]/g, '-')
  return { create, again, path, chunks, remove, sweep }

  async function create(): Promise<Incoming> {
    return named()
  }

  async function again({ path }: Incoming): Promise<Incoming> {
    const incoming = named(false)
    await link(path, incoming.path)
    return incoming
  }

  function named(isNew = true): Incoming {
    const name = `${host}.${process.pid}.${nanoid()}`
    live.add(name)
    return createIncoming(name, path(name), () => live.delete(name), isNew)
  }

  function path(name: string): string {
    return join(dir, name)
  }

  async function* chunks(name: string, bytes: number): AsyncGenerator<Uint8Array, void> {
    // one buffer: new ones would fill hundreds of megabytes before they are collected
    const buffer = new Uint8Array(CHUNK_BYTES)
    const file = await open(path(name))
    try {
      for (let left = bytes; left > 0;) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(left, CHUNK_BYTES))
        if (bytesRead === 0) return
        left -= bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      await file.close()
    }
  }

  async function remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await rm(path(name), { force: true })
      live.delete(name)
    }
  }

  async function sweep(isNeeded: (names: readonly string[]) => Promise<ReadonlySet<string>>): Promise<number> {
    const names = await readdir(dir)
    const needed = await isNeeded(names)
    let bytes = 0
    for (const name of names) {
      if (needed.has(name)) continue
      const found = await stat(path(name)).catch(() => undefined)
      if (!found || (isInUse(name) && Date.now() - found.mtimeMs < IDLE_MS)) continue
      await remove([name])
      bytes += found.size
    }
    return bytes
  }

  /** Of another host it is not known, and so it is. */
  function isInUse(name: string): boolean {
    const [whose, pid] = name.split('.')
    if (whose !== host) return true
    return Number(pid) === process.pid ? live.has(name) : isRunning(Number(pid))
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
