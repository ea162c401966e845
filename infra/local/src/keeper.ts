import { setTimeout as sleep } from 'node:timers/promises'
import { reason, say, seconds } from './report.ts'

/** Something that runs until it stops or is stopped. */
export type Kept = { pid: number; exited: Promise<string>; stop(): Promise<void>; kill(): Promise<void> }

/** Keeps one part of the stack alive: starts it again, with growing pauses, until it is told to stop. */
export type Keeper = {
  /** Begins to restart it from now on; before that, its death is somebody else's decision. */
  watch(): void
  /** Settles with how it ended, when that happens before `watch`. */
  failed: Promise<string>
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Keeps what `start` starts; `first` is its first life. */
export function keep(name: string, first: Kept, start: () => Promise<Kept>, pauseMs = 500): Keeper {
  const stopping = new AbortController()
  let current = first
  let watching = false
  let restarting: Promise<void> = Promise.resolve()
  let fail: (how: string) => void
  const failed = new Promise<string>((resolve) => (fail = resolve))

  const revive = async (how: string, lived: number, tries: number): Promise<void> => {
    if (stopping.signal.aborted) return
    if (!watching) return fail(how)
    const attempt = lived > 60_000 ? 0 : tries
    const pause = Math.min(pauseMs * 2 ** attempt, 30_000)
    say(name, `${how}; starting it again in ${seconds(pause)}`)
    const woken = await sleep(pause, true, { signal: stopping.signal }).catch(() => false)
    if (!woken) return
    const since = Date.now()
    try {
      const next = await start()
      current = next
      say(name, 'runs again')
      follow(next, since, attempt + 1)
    } catch (error) {
      await revive(reason(error), 0, attempt + 1)
    }
  }
  const follow = (life: Kept, since: number, tries: number) => {
    void life.exited.then((how) => {
      restarting = revive(how, Date.now() - since, tries)
      return restarting
    })
  }
  follow(first, Date.now(), 0)

  const end = async (act: (life: Kept) => Promise<void>) => {
    stopping.abort()
    await act(current)
    // A restart may have been under way; what it brought up goes too.
    await restarting
    await act(current)
  }
  return {
    watch: () => (watching = true),
    failed,
    stop: () => end((life) => life.stop()),
    kill: () => end((life) => life.kill()),
  }
}
