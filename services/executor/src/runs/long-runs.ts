/** Calls back for runs that are still under way after a while, with one timer for all of them. */
export interface LongRuns {
  /** Returns the function that forgets the run. */
  watch(isLong: () => void): () => void
  close(): void
}

/** A synchronous run that lasts longer is stored while it runs, so that it can be listed and stopped. */
const STORE_AFTER_MS = 100
const TICK_MS = 25

export function createLongRuns(): LongRuns {
  const watched = new Map<object, { at: number; isLong: () => void }>()
  let timer: NodeJS.Timeout | undefined
  return { watch, close: () => clearInterval(timer) }

  function watch(isLong: () => void): () => void {
    const key = {}
    watched.set(key, { at: performance.now() + STORE_AFTER_MS, isLong })
    timer ??= setInterval(tick, TICK_MS)
    return () => watched.delete(key)
  }

  function tick(): void {
    const now = performance.now()
    for (const [key, { at, isLong }] of watched) {
      if (at > now) break // in order of their beginning
      watched.delete(key)
      isLong()
    }
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}
