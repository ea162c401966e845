import { setTimeout as delay } from 'node:timers/promises'
import { isDatabaseDown } from './errors.ts'
import type { Host } from './host.ts'

const firstPauseMs = 100
const lastPauseMs = 5_000

/** Repeats `attempt` while the database is down. Other failures, such as a wrong password, do not pass by waiting. */
export async function untilReachable(
  { log, signal }: Pick<Host, 'log' | 'signal'>,
  attempt: () => Promise<void>,
): Promise<void> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, lastPauseMs)) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      if (!isDatabaseDown(error)) throw error
      log.warn({ err: error, retryInMs: pauseMs }, 'waiting for the database')
    }
    await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal })
  }
}
