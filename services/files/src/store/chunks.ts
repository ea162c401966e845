import { WarrenError } from '@warren/contracts'

/**
 * The chunks of a body. Who stops taking them cancels it; a body that breaks off is its sender's doing, and no defect of
 * ours.
 *
 * @throws WarrenError CANCELLED, or the reason of the signal
 */
export async function* chunksOf(
  body: ReadableStream<Uint8Array> | null,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  if (!body) return
  const reader = body.getReader()
  // ends a read that waits, as for a sender whose connection is lost without anybody knowing
  const stop = (): void => void reader.cancel(signal?.reason).catch(() => {})
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(broken)
      signal?.throwIfAborted()
      if (done) return
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

function broken(cause: unknown): never {
  throw cause instanceof WarrenError ? cause : new WarrenError('CANCELLED', 'The body broke off', { cause })
}
