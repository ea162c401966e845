import { frameBytes } from '@warren/contracts'

/** A body that is all here, or what has come of it and the rest. */
export type Gathered =
  | { readonly kind: 'none' }
  | { readonly kind: 'inline'; readonly bytes: Buffer }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array>; readonly drop: () => void }

type Next = Promise<IteratorResult<Uint8Array>>

/**
 * Takes a body whole when it fits into a frame and is there at once, so that most exchanges are three messages.
 *
 * @param patient wait for all of it, because it is known to be small
 */
export async function gather(source: AsyncIterable<Uint8Array>, patient = false): Promise<Gathered> {
  const iterator = source[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let bytes = 0
  let next: Next | undefined
  while (bytes <= frameBytes) {
    next ??= iterator.next()
    const result = patient ? await next : await atOnce(next)
    if (!result) break
    next = undefined
    if (result.done) {
      return bytes === 0 ? { kind: 'none' } : { kind: 'inline', bytes: Buffer.concat(chunks, bytes) }
    }
    chunks.push(result.value)
    bytes += result.value.byteLength
  }
  next?.catch(() => {}) // whoever reads on hears of it
  return { kind: 'stream', chunks: rest(chunks, next, iterator), drop: () => dropped(iterator) }
}

/** A body of which nothing is read yet. */
export function untouched(source: AsyncIterable<Uint8Array>): Gathered & { kind: 'stream' } {
  const iterator = source[Symbol.asyncIterator]()
  return { kind: 'stream', chunks: rest([], undefined, iterator), drop: () => dropped(iterator) }
}

function dropped(iterator: AsyncIterator<Uint8Array>): void {
  iterator.return?.().catch(() => {})
}

async function* rest(
  chunks: readonly Uint8Array[],
  pending: Next | undefined,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let next = pending
  try {
    yield* chunks
    for (;;) {
      const result = await (next ?? iterator.next())
      next = undefined
      if (result.done) return
      yield result.value
    }
  } finally {
    await iterator.return?.()
  }
}

/** Undefined when it takes longer than a turn of the event loop. */
function atOnce<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, new Promise<undefined>((resolve) => void setImmediate(() => resolve(undefined)))])
}
