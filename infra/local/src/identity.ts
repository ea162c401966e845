import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'

/** Names one process for good: a pid alone is reused by the system, a pid with its start time is not. */
export type Identity = { pid: number; started: string }

/** The variable that every process of one run inherits, with the run's id as its value. */
export const runMark = 'WARREN_RUN'

/** The identity of a process that exists now. */
export function identify(pid: number): Identity | undefined {
  const started = startTime(pid)
  return started === undefined ? undefined : { pid, started }
}

/** Whether exactly this process is still there. */
export function isAlive(identity: Identity): boolean {
  return startTime(identity.pid) === identity.started
}

/** Processes that inherited the mark of a run (Linux; elsewhere process groups have to do). */
export function marked(run: string): number[] {
  if (!existsSync('/proc/self/environ')) return []
  const mark = `${runMark}=${run}`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => startTime(Number(name)) !== undefined && environ(name).includes(mark))
    .map(Number)
}

/** Sends a signal to a process or, with a negative pid, to its group; false when there is none. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function environ(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function startTime(pid: number): string | undefined {
  if (!existsSync('/proc/self/stat')) return startTimeFromPs(pid)
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name that may hold blanks and parentheses; fields are counted after its end.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : `${bootId()}/${fields[19]}`
  } catch {
    return undefined
  }
}

let boot: string | undefined

/** Start times count from boot, and another boot may give the same ones again. */
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return boot
}

function startTimeFromPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
    return text.trim() || undefined
  } catch {
    return undefined
  }
}
