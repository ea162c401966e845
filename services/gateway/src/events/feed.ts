import { WarrenError } from '@warren/contracts'
import { backoffMs } from '@warren/mesh'
import { setTimeout as wait } from 'node:timers/promises'
import { createRing, type Slice } from './ring.ts'
import type { Page, Source } from './source.ts'

/**
 * One subject that is read by many: its newest frames, and those who wait for more. Messages are only hints that there
 * is more; what readers get are rows in their order, so that all readers get the same, whenever they come.
 */
export interface Feed {
  /** Settles when hints are heard. */
  readonly ready: Promise<unknown>
  /** There may be more. `id` names what has to be found: it can be visible a little later than its hint is heard. */
  hint(id?: string): void
  /** What comes behind a place; undefined when a reader has to read rows first. */
  after(place: string, mostBytes: number): Slice | undefined
  /** Rows for one reader. A reader that has come to the end is followed by the feed from there on. */
  replay(after: string): Promise<Page>
  /** Nothing is going to follow: the place behind the last frame, else undefined. */
  over(): string | undefined
  /** Called when there is something new, and when it is over. */
  join(wake: () => void): () => void
  /** Asks again when nothing has been heard for long. */
  tick(now: number): void
}

export interface FeedOptions {
  readonly source: Source
  readonly ready: Promise<unknown>
  /** The last reader has left. */
  readonly unused: () => void
}

/** How long something that was hinted at may take to become visible: until older transactions have ended. */
const VISIBLE_MS = 1_000
const LOOK_MS = { first: 5, most: 80 }
const QUIET_MS = { first: 5_000, most: 30_000 }
const KNOWN_MOST = 2_000
/** The feed cannot come back from these by asking again. */
const final: ReadonlySet<string> = new Set(['NO_SUCH_JOB', 'BAD_INPUT', 'BAD_QUERY', 'FORBIDDEN'])

export function createFeed({ source, ready, unused }: FeedOptions): Feed {
  const ring = createRing()
  const readers = new Set<() => void>()
  /** What was hinted at and not found yet → since when */
  const awaited = new Map<string, number>()
  const known = new Set<string>()
  let wanted = false
  let pumping = false
  let poke = (): void => {}
  let overAt: string | undefined
  let quietMs = QUIET_MS.first
  let readAt = Date.now()
  return { ready, hint, after: ring.after, replay, over: () => overAt, join, tick }

  function join(wake: () => void): () => void {
    readers.add(wake)
    return () => {
      if (!readers.delete(wake) || readers.size > 0) return
      poke()
      unused()
    }
  }

  function hint(id?: string): void {
    if (id !== undefined && !known.has(id)) awaited.set(id, awaited.get(id) ?? Date.now())
    wanted = true
    poke()
    void pump()
  }

  function tick(now: number): void {
    if (now - readAt < quietMs || pumping) return
    quietMs = Math.min(quietMs * 2, QUIET_MS.most)
    hint()
  }

  async function replay(after: string): Promise<Page> {
    const page = await source.read(after)
    if (!page.more && ring.head() === undefined) {
      for (const { place } of page.frames) remember(place)
      ring.begin(page.end)
      if (page.over) end(page.end)
      else if (wanted) void pump()
    }
    return page
  }

  async function pump(): Promise<void> {
    if (pumping || ring.head() === undefined) return
    pumping = true
    for (let failures = 0; goesOn();) {
      wanted = false
      try {
        take(await source.read(ring.head() as string))
        failures = 0
      } catch (error) {
        if (error instanceof WarrenError && final.has(error.code)) end(ring.head() as string)
        wanted = true
        await wait(backoffMs(failures++, 100, 2_000), undefined, { ref: false })
      }
      if (!wanted && awaited.size > 0) await lookAgainSoon()
    }
    pumping = false
  }

  function goesOn(): boolean {
    return wanted && readers.size > 0 && overAt === undefined
  }

  function take(page: Page): void {
    readAt = Date.now()
    ring.push(page)
    for (const { place } of page.frames) {
      remember(place)
      awaited.delete(seqOf(place))
    }
    if (page.more) wanted = true
    if (page.frames.length > 0) {
      quietMs = QUIET_MS.first
      for (const wake of readers) wake()
    }
    if (page.over) end(page.end)
  }

  async function lookAgainSoon(): Promise<void> {
    const now = Date.now()
    for (const [id, since] of awaited) if (now - since > VISIBLE_MS) awaited.delete(id)
    const [oldest] = awaited.values()
    if (oldest === undefined) return
    const ms = Math.max(LOOK_MS.first, Math.min(now - oldest, LOOK_MS.most))
    const timer = setTimeout(() => poke(), ms)
    await new Promise<void>((resolve) => (poke = resolve))
    clearTimeout(timer)
    poke = () => {}
    wanted = true
  }

  function end(place: string): void {
    overAt = place
    for (const wake of readers) wake()
  }

  function remember(place: string): void {
    known.add(seqOf(place))
    if (known.size <= KNOWN_MOST) return
    const [oldest] = known
    known.delete(oldest as string)
  }
}

function seqOf(place: string): string {
  return place.slice(place.indexOf('-') + 1)
}
