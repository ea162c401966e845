import { asWarrenError } from '@warren/database'
import { backoffMs } from '@warren/mesh'
import { setTimeout as wait } from 'node:timers/promises'
import { isPassing } from './files-client.ts'

export interface Patience {
  /** Epoch ms after which it is not tried again */
  readonly until: number
  /** Nobody wants it any more. */
  readonly signal: AbortSignal
}

/** Tries again what may succeed a little later. @throws the last error */
export async function persist<T>({ until, signal }: Patience, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const passing = isPassing(error) || asWarrenError(error)?.code === 'UNAVAILABLE'
      if (!passing || signal.aborted || Date.now() >= until) throw error
    }
    await wait(backoffMs(tries, 200, 3_000), undefined, { signal })
  }
}
