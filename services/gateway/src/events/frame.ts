import type { Frame } from './source.ts'

const encoder = new TextEncoder()

/** One server-sent event (HTML, section 9.2). JSON has no line end that is not escaped, so one `data` line holds it. */
export function frame(place: string, event: string, data: unknown): Frame {
  return { place, bytes: encoder.encode(`id: ${place}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`) }
}

/** Begins a stream. A client that is cut off before the first event goes on from `place`. */
export function preamble(place: string | undefined): Uint8Array {
  return encoder.encode(`${place === undefined ? '' : `id: ${place}\n`}retry: 1000\n\n`)
}

/** A comment: it tells proxies, and the sockets of both ends, that the stream is alive. */
export const keepAlive = encoder.encode(':\n\n')
