import { WINDOW } from './frame.ts'
import type { Fields } from './fields.ts'

/**
 * A body as it comes in: read by one reader, at its own pace. Never holds more than the credit that the sender was
 * given, and gives new credit as the reader reads.
 */
export interface Inflow {
  /** The next bytes, or undefined at the end. @throws what it failed with */
  read(): Promise<Buffer | undefined>
  /** Of the end; empty before. */
  trailers(): Fields
  /** Nobody reads the rest. */
  drop(): void
  // what comes from the other side
  push(chunk: Buffer): void
  end(bytes: number, trailers: Fields): void
  fail(error: Error): void
  /** All of it has come, or it has failed. */
  isOver(): boolean
}

type Waiting = PromiseWithResolvers<Buffer | undefined>

/** @throws Overrun from `push` and `end` when frames are missing or were sent without credit */
export function createInflow(grant: (frames: number) => void): Inflow {
  let chunks: Buffer[] = []
  let bytes = 0
  let read = 0
  let state: 'open' | 'ended' | 'dropped' | 'failed' = 'open'
  let failure: Error | undefined
  let trailers: Fields = []
  let waiting: Waiting | undefined
  return { read: next, trailers: () => trailers, drop, push, end, fail, isOver: () => state !== 'open' }

  function next(): Promise<Buffer | undefined> {
    const chunk = chunks.shift()
    if (chunk) {
      // in halves of the window: one grant for many frames, and the sender never has to wait for it
      if (state === 'open' && ++read === WINDOW / 2) {
        read = 0
        grant(WINDOW / 2)
      }
      return Promise.resolve(chunk)
    }
    if (failure) return Promise.reject(failure)
    if (state !== 'open') return Promise.resolve(undefined)
    waiting = Promise.withResolvers()
    return waiting.promise
  }

  function push(chunk: Buffer): void {
    bytes += chunk.byteLength
    if (state !== 'open') return
    if (chunks.length >= WINDOW) throw new Overrun('more frames than there was credit for')
    chunks.push(chunk)
    settle()
  }

  function end(expected: number, its: Fields): void {
    if (expected !== bytes) throw new Overrun(`${bytes} bytes have come of ${expected}`)
    if (state !== 'open') return
    state = 'ended'
    trailers = its
    settle()
  }

  function fail(error: Error): void {
    if (state !== 'open') return
    state = 'failed'
    failure = error
    // what has come is not given out any more: who reads shall hear of the failure soon
    chunks = []
    settle()
  }

  function drop(): void {
    if (state === 'open') state = 'dropped'
    chunks = []
    settle()
  }

  function settle(): void {
    if (!waiting || (chunks.length === 0 && state === 'open')) return
    const { resolve } = waiting
    waiting = undefined
    resolve(next())
  }
}

/** The other side does not keep to the protocol, or frames were lost. */
export class Overrun extends Error {}
