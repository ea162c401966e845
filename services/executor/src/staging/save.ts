import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WarrenError } from '@warren/contracts'

export type Bytes = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * Writes bytes to a file, which it makes or replaces.
 *
 * @throws WarrenError TOO_LARGE; PEER_LOST when they break off
 */
export async function saveBytes(
  source: Bytes,
  path: string,
  maxBytes: number,
): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length
      hash.update(chunk)
      done(size > maxBytes ? new WarrenError('TOO_LARGE', `An input has at most ${maxBytes} bytes`) : null, chunk)
    },
  })
  try {
    await pipeline(source, measure, createWriteStream(path))
  } catch (error) {
    if (error instanceof WarrenError || !isBroken(error)) throw error
    throw new WarrenError('PEER_LOST', 'The bytes of an input broke off', { cause: error })
  }
  return { size, sha256: hash.digest('hex') }
}

export function bytesOf({ body }: Response): Bytes {
  return Readable.fromWeb((body ?? new Blob([]).stream()) as never)
}

/** Not of this machine: a full disk stays what it is. */
function isBroken(error: unknown): boolean {
  return !(error instanceof Error && 'syscall' in error && 'path' in error)
}
