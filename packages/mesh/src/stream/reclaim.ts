import { collectYoung } from '../garbage.ts'

/** Bytes that pass between two collections */
const EVERY_BYTES = 2_097_152

let passedBytes = 0

/**
 * So many bytes of a body have passed. Now and then what they have left behind is collected: every read from a socket is
 * a fresh buffer of 64 KiB, of which V8 sees an object of a hundred bytes, and so it lets tens of megabytes of them gather.
 * With few of them about, memory is used again that is still in the caches (decision 12).
 */
export function reclaim(bytes: number): void {
  passedBytes += bytes
  if (passedBytes < EVERY_BYTES) return
  passedBytes = 0
  collectYoung()
}
