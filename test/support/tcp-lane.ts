import type { Socket } from 'node:net'

/** How bytes pass now. */
export interface Pace {
  readonly holding: boolean
  readonly delayMs: number
  readonly bytesPerSecond: number
  /** What comes is lost. */
  readonly muted: boolean
}

/** One direction of a connection. */
export interface Lane {
  /** What waits is passed on by the new pace. */
  paceChanged(): void
}

interface Late {
  readonly chunk: Buffer
  readonly dueMs: number
}

/** Passes bytes from one socket to another, in their order, at a pace that may change. */
export function createLane(from: Socket, to: Socket, pace: () => Pace): Lane {
  let waiting: Late[] = []
  let lastDueMs = 0
  let timer: NodeJS.Timeout | undefined
  from.on('data', take)
  from.on('close', () => clearTimeout(timer))
  return { paceChanged }

  function take(chunk: Buffer): void {
    const { delayMs, bytesPerSecond, holding, muted } = pace()
    if (muted) return
    if (waiting.length === 0 && delayMs === 0 && bytesPerSecond === Infinity && !holding) {
      to.write(chunk)
      return
    }
    lastDueMs = Math.max(performance.now() + delayMs, lastDueMs) + (chunk.length / bytesPerSecond) * 1_000
    waiting.push({ chunk, dueMs: lastDueMs })
    passDue()
  }

  function passDue(): void {
    clearTimeout(timer)
    if (pace().holding) return
    const now = performance.now()
    while (waiting[0] && waiting[0].dueMs <= now) to.write((waiting.shift() as Late).chunk)
    if (waiting[0]) timer = setTimeout(passDue, Math.ceil(waiting[0].dueMs - now))
  }

  function paceChanged(): void {
    const now = performance.now()
    waiting = waiting.map(({ chunk, dueMs }) => ({ chunk, dueMs: Math.min(dueMs, now) }))
    lastDueMs = now
    passDue()
  }
}
