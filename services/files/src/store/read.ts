import { open, type FileHandle } from 'node:fs/promises'
import type { ByteRange } from './store.ts'

const CHUNK_BYTES = 262_144

/**
 * The bytes of a file, read as fast as somebody takes them: never more than one chunk ahead, and nothing stays open when
 * the reader leaves.
 */
export async function readBytes(
  path: string,
  { from, to }: ByteRange,
  signal?: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const handle = await open(path)
  let position = from
  const gone = (): void => void close(handle)
  signal?.addEventListener('abort', gone, { once: true })
  return new ReadableStream<Uint8Array>({ pull, cancel: end }, { highWaterMark: 0 })

  async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const length = Math.min(CHUNK_BYTES, to - position)
    if (length > 0) {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length, position)
      if (bytesRead === 0) {
        await end()
        throw new Error(`${path} is shorter than it was`)
      }
      position += bytesRead
      controller.enqueue(buffer.subarray(0, bytesRead))
    }
    if (position < to) return
    await end()
    controller.close()
  }

  async function end(): Promise<void> {
    signal?.removeEventListener('abort', gone)
    await close(handle)
  }
}

async function close(handle: FileHandle): Promise<void> {
  // closing twice is an error of its own kind, and harmless here
  await handle.close().catch(() => {})
}
