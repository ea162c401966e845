import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startChild } from './child.ts'
import type { Config } from './config.ts'
import { ensureRabbitmq } from './install-rabbitmq.ts'
import { openLedger, sweep } from './ledger.ts'
import { lifetime } from './lifetime.ts'
import { reportToStderr } from './report.ts'

/** Runs the chaos harness, which starts the broker and the database that it kills, and stops what it leaves behind. */
export async function chaos(config: Config, args: string[]): Promise<number> {
  reportToStderr()
  const dir = join(config.dir, `chaos-${process.pid}`)
  mkdirSync(dir, { recursive: true })
  const ledger = await openLedger(dir, () => {})
  if (!ledger) throw new Error(`${dir} is in use`)
  const remove = async () => {
    await sweep(ledger.id, 5_000)
    ledger.killAll()
    rmSync(dir, { recursive: true, force: true })
  }
  const life = lifetime('chaos', remove)
  try {
    await ensureRabbitmq()
    life.signal.throwIfAborted()
    const child = await startChild({
      name: 'chaos',
      file: process.execPath,
      args: ['test/chaos/main.ts', ...args],
      cwd: config.root,
      terminal: true,
      graceMs: 20_000,
      ledger,
    })
    void life.ended.then(() => child.stop())
    const how = await child.exited
    return life.signal.aborted ? 130 : Number(/exit code (\d+)/.exec(how)?.[1] ?? 1)
  } finally {
    await remove()
  }
}
