import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config.ts'
import { isAlive, signal } from './identity.ts'
import { cleanUp, gone, liveRun, readRun } from './ledger.ts'
import { begin, say } from './report.ts'
import { removeStack } from './stack.ts'

/** Stops the stack of this folder, whoever started it, and what a killed launcher left behind. */
export async function stop(config: Config): Promise<number> {
  const run = liveRun(config.dir)
  if (run) {
    const done = begin('warren', `stopping (pid ${run.launcher.pid})`)
    signal(run.launcher.pid, 'SIGTERM')
    if (!(await gone([run.launcher], 60_000))) {
      say('warren', 'it does not stop; killing it')
      signal(run.launcher.pid, 'SIGKILL')
      while (isAlive(run.launcher)) await sleep(20)
    }
    done('stopped')
  }
  if (!readRun(config.dir)) {
    if (!run) say('warren', 'nothing is running')
    return 0
  }
  await cleanUp(config.dir, (name) => say('warren', `stopping what an earlier run left: ${name}`))
  removeStack(config.dir)
  return 0
}
