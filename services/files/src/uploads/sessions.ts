import { WarrenError } from '@warren/contracts'
import type { Incoming } from '../store/incoming.ts'

/** Uploads that this instance remembers; the hash of a forgotten one is made again from the disk at its end. */
const MAX = 1_000

/** The growing part of an upload, with the hash of what it has. */
export interface Session {
  readonly incoming: Incoming
  /** The hash is that of the whole upload so far, as there is no part before. */
  readonly isWhole: boolean
}

/** What this instance writes to, and who has the turn. */
export interface Sessions {
  get(uploadId: string): Session | undefined
  set(uploadId: string, session: Session): Promise<void>
  /** Forgets it; the bytes stay. */
  drop(uploadId: string): Promise<void>
  /**
   * Runs one request on an upload at a time. Who comes is assumed to have lost the connection of the one before, which
   * is told to stop, and waited for.
   */
  turn<T>(uploadId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** Ends what is under way; it goes on elsewhere. */
  close(): Promise<void>
}

export function createSessions(): Sessions {
  const sessions = new Map<string, Session>()
  const turns = new Map<string, { readonly stop: AbortController; readonly over: Promise<unknown> }>()
  return { get: (id) => sessions.get(id), set, drop, turn, close }

  async function set(id: string, session: Session): Promise<void> {
    sessions.delete(id)
    sessions.set(id, session)
    for (const [oldest] of sessions) {
      if (sessions.size <= MAX) break
      if (!turns.has(oldest)) await drop(oldest)
    }
  }

  async function drop(id: string): Promise<void> {
    const session = sessions.get(id)
    sessions.delete(id)
    await session?.incoming.release()
  }

  async function turn<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (let before = turns.get(id); before; before = turns.get(id)) {
      before.stop.abort(new WarrenError('CONFLICT', 'Another request goes on with this upload'))
      await before.over
    }
    const stop = new AbortController()
    const running = work(stop.signal)
    const over = running.catch(() => {}).then(() => void turns.delete(id))
    turns.set(id, { stop, over })
    try {
      return await running
    } finally {
      await over
    }
  }

  async function close(): Promise<void> {
    for (const { stop } of turns.values())
      stop.abort(new WarrenError('UNAVAILABLE', 'This instance stops', { retryAfter: 1 }))
    await Promise.all([...turns.values()].map(({ over }) => over))
    for (const id of sessions.keys()) await drop(id)
  }
}
