/** A deadline that moves along while something goes on. */
export interface Deadline {
  /** Something went on: as much time is left as at the beginning. */
  extend(): void
  clear(): void
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

export function startDeadline(at: number, passed: () => void): Deadline {
  const budgetMs = at - Date.now()
  let due = at
  let timer = arm()
  return {
    // no new timer for each of many frames: the one there is looks again when it fires
    extend: () => void (due = Date.now() + budgetMs),
    clear: () => clearTimeout(timer),
  }

  function arm(): NodeJS.Timeout {
    return setTimeout(fired, Math.min(Math.max(due - Date.now(), 0), LONGEST_TIMER_MS))
  }

  function fired(): void {
    if (Date.now() >= due) passed()
    else timer = arm()
  }
}
