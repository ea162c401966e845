import { createHash } from 'node:crypto'
import { constants, open, rm, type FileHandle } from 'node:fs/promises'
import { WarrenError } from '@warren/contracts'

/** Bytes on their way in: written to a file that nobody sees, and hashed as they come. */
export interface Incoming {
  readonly name: string
  readonly path: string
  /** Bytes written so far. */
  readonly bytes: number
  /** Whether the file has exactly these bytes; not after a write that failed. */
  readonly isSound: boolean
  /** @throws WarrenError UNAVAILABLE when the disk is full */
  write(chunk: Uint8Array): Promise<void>
  /** What was written until now survives a power cut then. */
  sync(): Promise<void>
  /** SHA-256 of what was written until now, hexadecimal. */
  digest(): string
  /** To be opened again by the next write. */
  close(): Promise<void>
  /** Leaves the file to whoever refers to it, and else to the sweeper. */
  release(): Promise<void>
  discard(): Promise<void>
}

const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants
const full = new Set(['ENOSPC', 'EDQUOT'])

/** `isNew` unless the file is there already. */
export function createIncoming(name: string, path: string, onEnd: () => void, isNew = true): Incoming {
  const hash = createHash('sha256')
  let handle: Promise<FileHandle> | undefined
  let bytes = 0
  let isSound = true
  return {
    name,
    path,
    get bytes() {
      return bytes
    },
    get isSound() {
      return isSound
    },
    write,
    sync: async () => await (await opened()).datasync(),
    digest: () => hash.copy().digest('hex'),
    close,
    release,
    discard,
  }

  async function write(chunk: Uint8Array): Promise<void> {
    try {
      const file = await opened()
      const written = writeAll(file, chunk)
      // while the bytes go to the disk
      hash.update(chunk)
      await written
      bytes += chunk.byteLength
    } catch (error) {
      isSound = false
      if (!(error instanceof Error && 'code' in error && full.has(String(error.code)))) throw error
      throw new WarrenError('UNAVAILABLE', 'There is no room on the disk', { retryAfter: 60, cause: error })
    }
  }

  function opened(): Promise<FileHandle> {
    // one that was removed meanwhile does not come back empty
    const flags = isNew ? O_CREAT | O_EXCL : O_APPEND
    isNew = false
    return (handle ??= open(path, flags | O_APPEND | O_WRONLY, 0o600))
  }

  async function close(): Promise<void> {
    const open = await handle?.catch(() => undefined)
    handle = undefined
    await open?.close()
  }

  async function release(): Promise<void> {
    await close()
    onEnd()
  }

  async function discard(): Promise<void> {
    await close()
    await rm(path, { force: true })
    onEnd()
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let done = 0
  while (done < chunk.byteLength) done += (await file.write(chunk, done)).bytesWritten
}
