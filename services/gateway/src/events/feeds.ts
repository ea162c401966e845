import { createFeed, type Feed } from './feed.ts'
import { preamble } from './frame.ts'
import { createReader, type Reader } from './reader.ts'
import type { Source } from './source.ts'

/** One subject to be read. */
export interface Subject {
  /** The same for those who may read the same. */
  readonly key: string
  readonly source: Source
  /** Begins to hear hints of what there is to read. */
  watch(hint: Feed['hint']): Promise<() => void>
  /** It has come to its end, and who reads it shall not wait for a hint of that. */
  readonly isOver?: boolean
}

/** The feeds that somebody reads now; each is shared by its readers. */
export interface Feeds {
  /** @param announced whether the client has to be told where it begins, as no event tells it so far */
  open(subject: Subject, from: string, announced: boolean): ReadableStream<Uint8Array>
}

export interface FeedsOptions {
  /** Calls back when hints may have been missed. */
  readonly onGap: (listener: () => void) => void
  readonly draining: AbortSignal
  readonly measure: (read: () => { readers: number; feeds: number }) => void
}

const TICK_MS = 5_000
/** Ticks from one sign of life to the next: 15 s, less than what proxies allow. */
const BEAT_TICKS = 3
/** The bindings are made again a moment after the connection is there. */
const GAP_LOOKS_MS = [100, 1_000]

export function createFeeds({ onGap, draining, measure }: FeedsOptions): Feeds {
  const feeds = new Map<string, Feed>()
  const readers = new Set<Reader>()
  let timer: NodeJS.Timeout | undefined
  let ticks = 0
  measure(() => ({ readers: readers.size, feeds: feeds.size }))
  draining.addEventListener('abort', () => {
    for (const reader of readers) reader.finish()
  })
  onGap(() => {
    for (const ms of GAP_LOOKS_MS) setTimeout(lookAtAll, ms).unref()
  })
  return { open }

  function open(subject: Subject, from: string, announced: boolean): ReadableStream<Uint8Array> {
    const feed = feeds.get(subject.key) ?? begin(subject)
    const reader = createReader(feed, from, preamble(announced ? from : undefined), () => leave(reader))
    readers.add(reader)
    if (subject.isOver) feed.hint('its end')
    timer ??= setInterval(tick, TICK_MS).unref()
    // it may stay until it has read what is there
    if (draining.aborted) reader.finish()
    return reader.stream
  }

  function begin({ key, source, watch }: Subject): Feed {
    const watching = watch((id) => feed.hint(id))
    const unused = (): void => {
      if (feeds.get(key) === feed) feeds.delete(key)
      void watching.then((forget) => forget()).catch(() => undefined)
    }
    // without a broker there are no hints: it reads all the same, now and then
    const feed: Feed = createFeed({ source, ready: watching.catch(() => undefined), unused })
    feeds.set(key, feed)
    return feed
  }

  function leave(reader: Reader): void {
    readers.delete(reader)
    if (readers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  function tick(): void {
    const now = Date.now()
    for (const feed of feeds.values()) feed.tick(now)
    if (++ticks % BEAT_TICKS > 0) return
    for (const reader of readers) reader.beat()
  }

  function lookAtAll(): void {
    for (const feed of feeds.values()) feed.hint()
  }
}
