import { WarrenError } from '@warren/contracts'
import { backoffMs } from '@warren/mesh'
import { setTimeout as wait } from 'node:timers/promises'
import type { Feed } from './feed.ts'
import { keepAlive } from './frame.ts'
import type { Frame } from './source.ts'

export interface Reader {
  readonly stream: ReadableStream<Uint8Array>
  /** It has been silent for a while: shows that it is alive. */
  beat(): void
  /** Sends what is there, and closes: the client comes back to another gateway. */
  finish(): void
}

/** One write; a reader that takes nothing costs this much at most, and a page of rows. */
const CHUNK_BYTES = 65_536

/**
 * Follows a feed from a place on, as fast as the other end takes it: what the feed does not hold (any more) is read
 * from the rows.
 */
export function createReader(feed: Feed, from: string, head: Uint8Array, left: () => void): Reader {
  let place = from
  let begun = false
  let replayed: readonly Frame[] = []
  let last = false
  let beating = false
  let finishing = false
  let gone = false
  let waiting: (() => void) | undefined
  const leave = feed.join(wake)
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const chunk = await next().catch((error: unknown) => fail(controller, error))
        if (gone) return
        if (chunk) return controller.enqueue(chunk)
        part()
        controller.close()
      },
      cancel: part,
    },
    { highWaterMark: 0 },
  )
  return { stream, beat, finish }

  async function next(): Promise<Uint8Array | undefined> {
    if (!begun) {
      begun = true
      return head
    }
    await feed.ready
    for (let failures = 0; goesOn();) {
      if (replayed.length > 0) return takeReplayed()
      if (last) return undefined
      const slice = feed.after(place, CHUNK_BYTES)
      if (slice) {
        place = slice.end
        const [first, ...others] = slice.chunks
        if (first) return others.length > 0 ? Buffer.concat(slice.chunks) : first
        if (finishing || feed.over() !== undefined) return undefined
        if (beating) return beatOnce()
        await new Promise<void>((resolve) => (waiting = resolve))
        waiting = undefined
        continue
      }
      try {
        await replay()
        failures = 0
      } catch (error) {
        if (finishing || !(error instanceof WarrenError) || error.code === 'NO_SUCH_JOB') throw error
        await wait(backoffMs(failures++, 100, 2_000), undefined, { ref: false })
      }
    }
    return undefined
  }

  function goesOn(): boolean {
    return !gone
  }

  async function replay(): Promise<void> {
    const page = await feed.replay(place)
    replayed = page.frames
    place = page.end
    last = page.over
  }

  function takeReplayed(): Uint8Array {
    const chunks: Uint8Array[] = []
    let bytes = 0
    while (chunks.length < replayed.length && bytes < CHUNK_BYTES) {
      const chunk = (replayed[chunks.length] as Frame).bytes
      chunks.push(chunk)
      bytes += chunk.length
    }
    replayed = replayed.slice(chunks.length)
    return Buffer.concat(chunks)
  }

  function beatOnce(): Uint8Array {
    beating = false
    return keepAlive
  }

  function wake(): void {
    waiting?.()
  }

  function beat(): void {
    if (!waiting) return
    beating = true
    wake()
  }

  function finish(): void {
    finishing = true
    wake()
  }

  function part(): void {
    if (gone) return
    gone = true
    wake()
    leave()
    left()
  }

  /** A job that is gone has no more to tell; anything else cuts the stream, and the client comes back. */
  function fail(controller: ReadableStreamDefaultController, error: unknown): undefined {
    if (gone || (error instanceof WarrenError && error.code === 'NO_SUCH_JOB')) return
    part()
    controller.error(error)
  }
}
