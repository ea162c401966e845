import type { Sql } from 'postgres'
import type { Position, WrittenEvent } from './events.ts'

/** What of a writer's events is published: as far as it knows of them, and for certain. */
export interface Published {
  /** The next events in their order are with the broker. */
  add(events: readonly WrittenEvent[]): void
  position(): Position
  /** All up to here are published for certain. */
  safe(): Position
  /** A statement had no answer: it may have committed, or do so later, and nobody knows its events. */
  doubt(): void
  /** Moves what is safe; after a doubt it looks for events that were committed without an answer, and publishes them. */
  reconcile(): Promise<void>
}

export interface PublishedOptions {
  readonly sql: Sql
  readonly writer: string
  readonly startAt: Position
  /** Events that wait to be published; undefined: not all of them are known */
  readonly underWay: () => readonly WrittenEvent[] | undefined
  /** Publishes the first event behind a position. */
  readonly publishNext: (after: Position) => Promise<void>
}

/** So long after its connection was given up a statement may still reach the server and commit. */
const DOUBT_MS = 60_000
/** Published events of which it remembers until they are safe */
const REMEMBERED_MOST = 100_000
/** Rows that are read at a time */
const LISTED_MOST = 5_000

export function createPublished({ sql, writer, startAt, underWay, publishNext }: PublishedOptions): Published {
  let position = startAt
  let safe = startAt
  // an earlier life under the same name may have left some
  let doubtUntil = performance.now() + DOUBT_MS
  /** Those behind `safe`, in their order */
  let remembered: Position[] = []
  return { add, position: () => position, safe: () => safe, doubt, reconcile }

  function add(events: readonly WrittenEvent[]): void {
    const placed = events.flatMap(placeOf)
    for (const place of placed) remembered.push(place)
    const last = placed.at(-1)
    if (last && last.seq > position.seq) position = last
    if (remembered.length > REMEMBERED_MOST) trust()
  }

  function doubt(): void {
    doubtUntil = performance.now() + DOUBT_MS
  }

  /** Nothing behind the oldest transaction that is under way is safe: what is not there yet may be before it. */
  async function reconcile(): Promise<void> {
    // all that was committed was pushed, and is published in that order
    if (performance.now() > doubtUntil) trust()
    else if (!(await settleCounted())) await settleListed()
  }

  /** False unless there are as many events as are known: then they are the same, and the rows need not be read. */
  async function settleCounted(): Promise<boolean> {
    const [row] = await sql<{ horizon: string; events: number }[]>`
select pg_snapshot_xmin(pg_current_snapshot())::text as horizon, count(*)::int as events
from executor.events
where writer = ${writer}
  and (xid, seq) > (${safe.xid}::text::xid8, ${safe.seq}::bigint)
  and xid < pg_snapshot_xmin(pg_current_snapshot())`
    const waiting = underWay()
    if (!row || !waiting) return false
    const isSettled = ({ xid }: Position): boolean => Number(xid) < Number(row.horizon)
    const settled = remembered.filter(isSettled)
    if (settled.length + waiting.flatMap(placeOf).filter(isSettled).length !== row.events) return false
    safe = settled.at(-1) ?? safe
    remembered = remembered.filter((place) => isBehind(place, safe))
    return true
  }

  async function settleListed(): Promise<void> {
    for (;;) {
      const rows = await sql<{ xid: string; seq: string }[]>`
select e.xid::text, e.seq
from executor.events e
where e.writer = ${writer}
  and (e.xid, e.seq) > (${safe.xid}::text::xid8, ${safe.seq}::bigint)
  and e.xid < pg_snapshot_xmin(pg_current_snapshot())
order by e.xid, e.seq
limit ${LISTED_MOST}`
      const waiting = underWay()
      if (!waiting) return
      const waits = new Set(waiting.map(({ seq }) => seq))
      const known = new Set(remembered.map(({ seq }) => seq))
      const next = rows.findIndex(({ seq }) => waits.has(seq))
      for (const row of next < 0 ? rows : rows.slice(0, next)) {
        const place = { xid: row.xid, seq: Number(row.seq) }
        if (!known.has(place.seq)) await publishNext(safe)
        safe = place
      }
      remembered = remembered.filter((place) => isBehind(place, safe))
      if (next >= 0 || rows.length < LISTED_MOST) return
    }
  }

  /** A transaction that lasts for long keeps everything from being safe; what is known must do then. */
  function trust(): void {
    safe = position
    remembered = []
  }
}

function isBehind(place: Position, other: Position): boolean {
  const [one, two] = [Number(place.xid), Number(other.xid)]
  return one > two || (one === two && place.seq > other.seq)
}

function placeOf({ xid, seq }: WrittenEvent): Position[] {
  return xid === null || seq === null ? [] : [{ xid, seq: Number(seq) }]
}
