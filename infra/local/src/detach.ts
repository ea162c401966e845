import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config.ts'
import { liveRun } from './ledger.ts'
import { lifetime } from './lifetime.ts'
import { line, say } from './report.ts'
import { readStack } from './stack.ts'

/** Starts the stack in the background, shows how it comes up, and returns when it is ready or has failed. */
export async function detach(config: Config): Promise<number> {
  mkdirSync(join(config.dir, 'log'), { recursive: true })
  const log = join(config.dir, 'log', 'launcher.log')
  const fd = openSync(log, 'w', 0o600)
  const main = process.argv[1] ?? ''
  const child = spawn(process.execPath, [main, 'start', '--background'], {
    cwd: config.root,
    env: config.env,
    stdio: ['ignore', fd, fd],
    detached: true,
  })
  closeSync(fd)
  const ended: { code?: number } = {}
  child.once('exit', (status) => (ended.code = status ?? 1))
  child.once('error', () => (ended.code = 1))
  const life = lifetime('warren', () => Promise.resolve())
  life.signal.addEventListener('abort', () => child.kill('SIGTERM'))
  let shown = 0
  const show = () => {
    const text = readFileSync(log, 'utf8')
    const whole = text.lastIndexOf('\n') + 1
    if (whole > shown) line(text.slice(shown, whole - 1))
    shown = Math.max(shown, whole)
  }
  while (ended.code === undefined && readStack(config.dir)?.pid !== child.pid) {
    show()
    await sleep(100)
  }
  await sleep(100)
  show()
  if (ended.code !== undefined) return ended.code
  child.unref()
  say('warren', `runs in the background (pid ${child.pid}); its log is ${log}`)
  return 0
}

/** Says what runs already; waits for it when it is only coming up. */
export async function alreadyRunning(config: Config): Promise<number> {
  for (let waited = 0; ; waited++) {
    const run = liveRun(config.dir)
    if (!run) {
      say('warren', 'the launcher that was starting has given up')
      return 1
    }
    const stack = readStack(config.dir)
    if (stack?.pid === run.launcher.pid) {
      say('warren', `already running at ${stack.httpUrl} (pid ${stack.pid}); stop it with: npm run stop`)
      return 0
    }
    if (waited === 0) say('warren', `already starting (pid ${run.launcher.pid}); waiting for it …`)
    await sleep(200)
  }
}
