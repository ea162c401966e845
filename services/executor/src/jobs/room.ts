import type { Pool } from '../runner/pool.ts'

/** What may be claimed now. */
export interface Room {
  readonly jobs: number
  /** Process id → version of what can be run here */
  readonly offers: ReadonlyMap<string, string>
}

export interface RoomOptions {
  readonly pool: Pick<Pool, 'slots' | 'free' | 'waiting' | 'isShort'>
  readonly offers: () => ReadonlyMap<string, string>
  /** Process ids of the claimed jobs that have not ended. */
  readonly claimed: () => readonly string[]
}

/** Jobs claimed at a time for each slot, while they are over in a moment. */
const AHEAD = 16

/**
 * The room for queued jobs: first for any, as many as there are free slots; when that was filled, for jobs that are over
 * in a moment, many at a time, because a claim costs the same for one job as for twenty. Claiming ahead gives up order
 * and other executors' shares, so it is done for nothing else, and not while such jobs wait here already.
 */
export function measureRoom({ pool, offers, claimed }: RoomOptions): Room[] {
  const running = claimed()
  const most = pool.slots * AHEAD
  if (running.length > most / 2) return []
  const all = offers()
  const waiting = pool.waiting()
  const long = running.filter((processId) => !pool.isShort(processId)).length
  // one at least, so that neither calls nor short jobs keep a slot from the others for ever
  const least = running.length === 0 || (long === 0 && waiting === 0) ? 1 : 0
  const free = Math.max(pool.free() - waiting, least)
  const rooms: Room[] = free > 0 ? [{ jobs: free, offers: all }] : []
  if (waiting > 0 || long >= pool.slots) return rooms
  const short = new Map([...all].filter(([processId]) => pool.isShort(processId)))
  if (short.size > 0) rooms.push({ jobs: most - running.length - free, offers: short })
  return rooms
}
