import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'

/** A request for an app, by its path. */
export function ask(path: string, init: RequestInit & { duplex?: 'half' } = {}): Request {
  return new Request(`http://app${path}`, { ...init, ...(init.body != null && { duplex: 'half' }) })
}

/** A stream of these bytes, in pieces. */
export function bytes(all: Uint8Array, piece = 50_000): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at < all.byteLength) controller.enqueue(new Uint8Array(all.subarray(at, at + piece)))
      else controller.close()
      at += piece
    },
  })
}

/** A stream that says something now and then, and never ends. */
export function never(cancelled: () => void = () => {}): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      await wait(10)
      controller.enqueue(new Uint8Array(100))
    },
    cancel: cancelled,
  })
}

export function digest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}
