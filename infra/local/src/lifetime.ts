import { say } from './report.ts'

/** Ctrl-C, SIGTERM and SIGHUP, turned into one abort signal. */
export type Lifetime = { signal: AbortSignal; ended: Promise<void>; signalName: () => string | undefined }

/**
 * Listens for the signals that end a command. npm hands Ctrl-C on to a child that had it from the terminal already, so
 * what follows within a second is the same wish; later than that, `kill` runs and the process exits at once.
 */
export function lifetime(who: string, kill: () => Promise<void>): Lifetime {
  const ending = new AbortController()
  let name: string | undefined
  let first = 0
  const on = (got: NodeJS.Signals) => {
    if (!ending.signal.aborted) {
      name = got
      first = Date.now()
      say(who, `${got === 'SIGINT' ? 'Ctrl-C' : got}: stopping`)
      return ending.abort(new Error(`interrupted by ${got}`))
    }
    if (Date.now() - first < 1000) return
    say(who, 'stopping at once')
    void kill().finally(() => process.exit(130))
  }
  for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(each, on)
  const ended = new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve()))
  return { signal: ending.signal, ended, signalName: () => name }
}
