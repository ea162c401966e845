import { frameBytes } from '@warren/contracts'
import type { Fields } from './fields.ts'

/** A body as it goes out: in frames, as fast as there is credit and room on the wire. */
export interface Outflow {
  /** Resolves when all of it was sent. @throws what it was stopped with */
  write(chunk: Uint8Array): Promise<void>
  end(trailers?: Fields): void
  /** Bytes so far */
  bytes(): number
  grant(frames: number): void
  /** Nothing more can be sent: `write` fails. */
  stop(error: Error): void
}

export interface Wire {
  sendBody(chunk: Buffer): void
  sendEnd(bytes: number, trailers: Fields): void
  /** When there is no room on the wire: until there is. */
  room(): Promise<void> | undefined
}

export function createOutflow(wire: Wire): Outflow {
  let credit = 0
  let bytes = 0
  let stopped: Error | undefined
  let waiting: PromiseWithResolvers<void> | undefined
  return { write, end, bytes: () => bytes, grant, stop }

  async function write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; at += frameBytes) {
      await mayWrite()
      const part = chunk.subarray(at, at + frameBytes)
      credit--
      bytes += part.byteLength
      wire.sendBody(Buffer.from(part.buffer, part.byteOffset, part.byteLength))
    }
  }

  async function mayWrite(): Promise<void> {
    for (;;) {
      if (stopped) throw stopped
      if (credit === 0) {
        waiting ??= Promise.withResolvers()
        await waiting.promise
        continue
      }
      const room = wire.room()
      if (!room) return
      await room
    }
  }

  function end(trailers: Fields = []): void {
    if (!stopped) wire.sendEnd(bytes, trailers)
  }

  function grant(frames: number): void {
    credit += frames
    wake()
  }

  function stop(error: Error): void {
    stopped ??= error
    wake()
  }

  function wake(): void {
    waiting?.resolve()
    waiting = undefined
  }
}
