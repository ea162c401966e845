import type { Pool } from '../runner/pool.ts'

/** What may be claimed now. */
export interface Room {
  readonly jobs: number
  /** Jobs of all processes, or of those that are over in a moment */
  readonly of: 'all' | 'short'
  /** Process id → version of what can be run here */
  readonly offers: ReadonlyMap<string, string>
}

export interface RoomOptions {
  readonly pool: Pick<Pool, 'slots' | 'free' | 'waiting' | 'isShort'>
  readonly offers: () => ReadonlyMap<string, string>
  /** Process ids of the claimed jobs that have not ended. */
  readonly claimed: () => readonly string[]
  /** Process ids of jobs that are being written as claimed ones. */
  readonly arriving: () => readonly string[]
}

/** Jobs claimed at a time for each slot, while they are over in a moment. */
const AHEAD = 16

/**
 * The room for queued jobs: first for any, as many as there are free slots; when that was filled, for jobs that are over
 * in a moment, many at a time, because a claim costs the same for one job as for twenty. Claiming ahead gives up order
 * and other executors' shares, so it is done for nothing else, and not while such jobs wait here already.
 */
export function measureRoom({ pool, offers, claimed, arriving }: RoomOptions): Room[] {
  const coming = arriving()
  const running = [...claimed(), ...coming]
  const most = pool.slots * AHEAD
  if (running.length > most / 2) return []
  const all = offers()
  const waiting = pool.waiting()
  const long = running.filter((processId) => !pool.isShort(processId)).length
  // one at least, so that neither calls nor short jobs keep a slot from the others for ever
  const least = running.length === 0 || (long === 0 && waiting === 0) ? 1 : 0
  const free = Math.max(pool.free() - waiting - coming.length, least)
  const rooms: Room[] = free > 0 ? [{ jobs: free, of: 'all', offers: all }] : []
  if (waiting > 0 || long >= pool.slots) return rooms
  const short = new Map([...all].filter(([processId]) => pool.isShort(processId)))
  if (short.size > 0) rooms.push({ jobs: most - running.length - free, of: 'short', offers: short })
  return rooms
}

/** Whether one more job of the process can be run now, when none is queued. */
export function hasRoomFor(processId: string, { pool, claimed, arriving }: Omit<RoomOptions, 'offers'>): boolean {
  const waiting = pool.waiting()
  const coming = arriving()
  if (pool.free() - waiting - coming.length > 0) return true
  const running = [...claimed(), ...coming]
  return waiting === 0 && running.length < pool.slots * AHEAD && [processId, ...running].every(pool.isShort)
}

/** The room for any job and that for short ones as one for short ones; undefined when there are not both. */
export function inOne([any, short]: readonly Room[]): Room | undefined {
  return any && short ? { ...short, jobs: any.jobs + short.jobs } : undefined
}
