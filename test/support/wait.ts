import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * Looks again and again until there is something to see, and gives it.
 *
 * @throws Error saying what was missing after `ms`
 */
export async function eventually<T>(
  what: string,
  ms: number,
  look: () => T | Promise<T>,
  everyMs = 25,
): Promise<Exclude<T, undefined | false>> {
  const until = Date.now() + ms
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>
    if (Date.now() > until) throw new Error(`not within ${ms} ms: ${what}`)
    await wait(everyMs)
  }
}

/** Whether a process runs. One that only waits for its parent to notice its end does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}
