import { comparePlaces, type Frame, type Page } from './source.ts'

/** The newest frames of a feed, without a gap. */
export interface Ring {
  /** Up to where everything has been read; undefined until it begins. */
  head(): string | undefined
  /** Keeps what comes behind this place. */
  begin(place: string): void
  push(page: Page): void
  /** What comes behind a place, up to about so many bytes; undefined when some of it is not here (any more). */
  after(place: string, mostBytes: number): Slice | undefined
}

export interface Slice {
  readonly chunks: readonly Uint8Array[]
  /** Behind what was taken. */
  readonly end: string
}

const MOST_FRAMES = 1_000
const MOST_BYTES = 262_144

export function createRing(): Ring {
  let frames: Frame[] = []
  let bytes = 0
  /** Everything behind it and up to the head is in `frames`. */
  let base: string | undefined
  let head: string | undefined
  return { head: () => head, begin, push, after }

  function begin(place: string): void {
    base = head = place
  }

  function push(page: Page): void {
    head = page.end
    for (const frame of page.frames) {
      frames.push(frame)
      bytes += frame.bytes.length
    }
    let gone = 0
    while (frames.length - gone > MOST_FRAMES || (bytes > MOST_BYTES && frames.length - gone > 1)) {
      const frame = frames[gone++] as Frame
      base = frame.place
      bytes -= frame.bytes.length
    }
    if (gone > 0) frames = frames.slice(gone)
  }

  function after(place: string, mostBytes: number): Slice | undefined {
    if (base === undefined || head === undefined || comparePlaces(place, base) < 0) return undefined
    const chunks: Uint8Array[] = []
    let size = 0
    let end = place
    for (let at = firstAfter(place); at < frames.length && size < mostBytes; at++) {
      const frame = frames[at] as Frame
      chunks.push(frame.bytes)
      size += frame.bytes.length
      end = frame.place
    }
    return { chunks, end: size < mostBytes && comparePlaces(head, end) > 0 ? head : end }
  }

  function firstAfter(place: string): number {
    let low = 0
    let high = frames.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (comparePlaces((frames[middle] as Frame).place, place) > 0) high = middle
      else low = middle + 1
    }
    return low
  }
}
