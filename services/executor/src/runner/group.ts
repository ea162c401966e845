import { readdir, readFile } from 'node:fs/promises'
import { readStat, type ProcessStat } from './stat.ts'
import { setTimeout } from 'node:timers/promises'

/** Signals a process group; false when it has no members left. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pgid, signal)
  } catch {
    // ESRCH: nobody there. EPERM: nobody there that is ours, which is what macOS says of the dead.
    return false
  }
}

/** Kills what is left of a group whose leader has ended, and resolves when nothing of it runs any more. */
export async function sweepGroup(pgid: number, boundMs = 2000): Promise<void> {
  const until = performance.now() + boundMs
  for (let pauseMs = 1; signalGroup(pgid, 'SIGKILL'); pauseMs = Math.min(50, pauseMs * 2)) {
    // Dead orphans stay in the group until init collects them, and some containers have no such init.
    if (pauseMs > 8 && !(await hasLiving(pgid))) return
    if (performance.now() > until) return
    await setTimeout(pauseMs)
  }
}

async function hasLiving(pgid: number): Promise<boolean> {
  const living = await livingMembers(pgid)
  return living === undefined || living.length > 0
}

/** The processes of a group that are no zombies; undefined where the host does not tell. */
export async function livingMembers(pgid: number): Promise<ProcessStat[] | undefined> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  if (pids.length === 0) return undefined
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')))
  return texts.map(readStat).filter((stat) => stat !== undefined && stat.pgid === pgid && stat.living) as ProcessStat[]
}
