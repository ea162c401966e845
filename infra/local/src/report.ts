import { writeSync } from 'node:fs'

let fd = 1

/** Sends the launcher's own lines to stderr, so that stdout belongs to the command it runs. */
export function reportToStderr(): void {
  fd = 2
}

/** Prints one line: who, then what. */
export function say(who: string, what: string): void {
  line(`${who.padEnd(8)} ${what}`)
}

/** Prints what begins now; the returned function prints how it ended, with the time it took. */
export function begin(who: string, what: string): (done: string) => void {
  const since = performance.now()
  say(who, `${what} …`)
  return (done) => say(who, `${done} … ${seconds(performance.now() - since)}`)
}

/** `6.1 s` */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** What went wrong, for people. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Prints text as it is. A reader that left (`npm start | head`) is no reason to fail. */
export function line(text: string): void {
  let rest = Buffer.from(`${text}\n`)
  for (let tries = 0; rest.length > 0 && tries < 100; tries++) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
