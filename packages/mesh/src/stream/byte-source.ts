/** Reads a web stream, and can be told to stop in the middle of a read. */
export interface ByteSource extends AsyncIterable<Uint8Array> {
  /** Whoever produces the bytes hears that nobody wants them; a read under way ends. */
  cancel(reason?: unknown): void
}

/** n.b. the iterator of a web stream would wait for the read under way before it cancels anything */
export function byteSource(stream: ReadableStream<Uint8Array>): ByteSource {
  const reader = stream.getReader()
  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next: async () => {
      const { done, value } = await reader.read()
      return done ? { done, value: undefined } : { done, value }
    },
    return: async () => {
      await reader.cancel()
      return { done: true, value: undefined }
    },
  }
  return {
    [Symbol.asyncIterator]: () => iterator,
    cancel: (reason) => void reader.cancel(reason).catch(() => {}),
  }
}
