import { WarrenError } from '@warren/contracts'
import type { Incoming } from './incoming.ts'
import type { Spool } from './spool.ts'

export interface Received {
  readonly incoming: Pick<Incoming, 'path' | 'close' | 'discard'>
  readonly bytes: number
  readonly digest: string
}

export interface Expected {
  /** Declared SHA-256 */
  readonly digest?: string | undefined
  /** Declared number of bytes */
  readonly bytes?: number | undefined
  readonly maxBytes: number
  /** What to say of more than that. */
  readonly tooLarge: () => WarrenError
}

/**
 * Spools a body and compares it with what was said of it. Nothing stays when that fails, or when the sender leaves.
 *
 * @throws WarrenError DIGEST_MISMATCH, BAD_INPUT (another length than declared), CANCELLED, or that of `tooLarge`
 */
export async function receive(spool: Spool, chunks: AsyncIterable<Uint8Array>, expected: Expected): Promise<Received> {
  const incoming = await spool.create()
  try {
    await incoming.write(new Uint8Array())
    for await (const chunk of chunks) {
      if (incoming.bytes + chunk.byteLength > expected.maxBytes) throw expected.tooLarge()
      await incoming.write(chunk)
    }
    const [bytes, digest] = [incoming.bytes, incoming.digest()]
    if (expected.bytes !== undefined && bytes !== expected.bytes) {
      throw new WarrenError('BAD_INPUT', `${expected.bytes} bytes were declared and ${bytes} came`)
    }
    if (expected.digest !== undefined && digest !== expected.digest) throw mismatch(expected.digest, digest)
    return { incoming, bytes, digest }
  } catch (error) {
    await incoming.discard()
    throw error
  }
}

export function mismatch(declared: string, computed: string): WarrenError {
  return new WarrenError('DIGEST_MISMATCH', 'The SHA-256 of the bytes is not the declared one', {
    more: { declared, computed },
  })
}
