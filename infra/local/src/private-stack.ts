import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run, startChild } from './child.ts'
import type { Config } from './config.ts'
import { startInfrastructure } from './infrastructure.ts'
import type { Infrastructure } from './infrastructure.ts'
import type { Keeper } from './keeper.ts'
import { openLedger, sweep } from './ledger.ts'
import { lifetime } from './lifetime.ts'
import { choosePorts } from './ports.ts'
import { removePostgresHome } from './postgres-home.ts'
import { reason, say } from './report.ts'

/** Runs one Node program with a fresh broker and database of its own, and removes all of it afterwards. */
export async function withPrivateStack(config: Config, name: string, args: string[]): Promise<number> {
  const dir = join(config.dir, `${name}-${process.pid}`)
  mkdirSync(dir, { recursive: true })
  const ledger = await openLedger(dir, () => {})
  if (!ledger) throw new Error(`${dir} is in use`)
  const parts: Keeper[] = []
  const remove = async () => {
    // The data goes anyway, so nobody waits for an orderly shutdown.
    await Promise.all(parts.map((part) => part.kill()))
    await sweep(ledger.id, 5000)
    ledger.killAll()
    removePostgresHome(dir)
    rmSync(dir, { recursive: true, force: true })
  }
  const life = lifetime(name, remove)
  try {
    const ports = await choosePorts()
    const place = { dir, ports, ledger, signal: life.signal }
    const infrastructure = await startInfrastructure(config, place, (keeper) => parts.push(keeper))
    life.signal.throwIfAborted()
    const env = await privateEnv(config, dir, infrastructure)
    const child = await startChild({
      name,
      file: process.execPath,
      args,
      env,
      cwd: config.root,
      terminal: true,
      graceMs: 10_000,
      ledger,
    })
    void life.ended.then(() => child.stop())
    const how = await child.exited
    if (life.signal.aborted) return 130
    const code = Number(/exit code (\d+)/.exec(how)?.[1] ?? 1)
    if (!how.includes('exit code')) say(name, how)
    return code
  } catch (error) {
    if (life.signal.aborted) return 130
    say(name, `cannot start: ${reason(error)}`)
    return 1
  } finally {
    await remove()
  }
}

async function privateEnv(config: Config, dir: string, infrastructure: Infrastructure): Promise<NodeJS.ProcessEnv> {
  const { amqpUrl, mqttUrl, managementUrl, databaseUrl, brokerPid } = infrastructure
  return {
    AMQP_URL: amqpUrl,
    MQTT_URL: mqttUrl ?? '',
    MANAGEMENT_URL: managementUrl ?? '',
    DATABASE_URL: databaseUrl,
    BROKER_PID: brokerPid === undefined ? '' : String(brokerPid),
    WARREN_STACK_DIR: dir,
    WARREN_DATA: dir,
    PROCESSES: config.processes,
    WARREN_PIKA: await pythonWithPika(),
  }
}

/** A Python that can import pika, for tests of clients in another language; empty when there is none. */
async function pythonWithPika(): Promise<string> {
  const python = '/usr/bin/python3'
  return await run(python, ['-c', 'import pika']).then(
    () => python,
    () => '',
  )
}
