import { bench } from './bench.ts'
import { chaos } from './chaos.ts'
import { check } from './check.ts'
import { readConfig } from './config.ts'
import { alreadyRunning, detach } from './detach.ts'
import { liveRun } from './ledger.ts'
import { line, reason, say } from './report.ts'
import { start } from './start.ts'
import { stop } from './stop.ts'
import { test } from './test.ts'

const usage = 'usage: start [--detach] | stop | test [files] | check | bench [options] | chaos [options]'

/** Runs one command and returns its exit code. */
async function main(command: string | undefined, args: string[]): Promise<number> {
  const config = readConfig()
  if (command === 'start') {
    if (liveRun(config.dir)) return await alreadyRunning(config)
    if (args.includes('--detach')) return await detach(config)
    const code = await start(config)
    return code === -1 ? await alreadyRunning(config) : code
  }
  if (command === 'stop') return await stop(config)
  if (command === 'test') return await test(config, args)
  if (command === 'check') return await check(config)
  if (command === 'bench') return await bench(config, args)
  if (command === 'chaos') return await chaos(config, args)
  line(usage)
  return 2
}

try {
  process.exitCode = await main(process.argv[2], process.argv.slice(3))
} catch (error) {
  say('warren', reason(error))
  process.exitCode = 1
}
process.exit()
