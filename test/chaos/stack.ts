import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startOwnBroker, type OwnBroker } from '../support/broker.ts'
import { startOwnDatabase, type OwnDatabase } from '../support/database.ts'
import { environment } from '../support/env.ts'
import { freePort } from '../support/stack.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { eventually } from '../support/wait.ts'
import { services, type ServiceName } from './plan.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const READY_MS = 90_000
const REVIVE_MS = 500

/** An instance that ended without being told to. */
export interface Death {
  readonly at: number
  readonly name: ServiceName
  readonly how: string
}

/** The whole platform, every wire of which can be hurt by itself. */
export interface ChaosStack {
  readonly url: string
  readonly broker: OwnBroker
  readonly database: OwnDatabase
  readonly names: readonly ServiceName[]
  readonly deaths: readonly Death[]
  /** Where the services log, a file for each. */
  readonly folder: string
  pid(name: ServiceName): number | undefined
  wire(name: ServiceName, to: 'broker' | 'database'): TcpProxy
  start(name: ServiceName): void
  kill(name: ServiceName): Promise<void>
  /** Waits until the gateway and both executors are ready. */
  ready(): Promise<void>
  close(): Promise<void>
}

interface Instance {
  readonly wires: Readonly<Record<'broker' | 'database', TcpProxy>>
  child?: ChildProcess
  /** It was told to end. */
  doomed: boolean
}

/** @param env more variables of every service */
export async function startChaosStack(folder: string, env: Readonly<Record<string, string>>): Promise<ChaosStack> {
  const [broker, database] = await Promise.all([startOwnBroker(), startOwnDatabase()])
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const names = services.filter((name) => existsSync(mainOf(name)))
  const deaths: Death[] = []
  const instances = new Map<ServiceName, Instance>()
  let closing = false
  mkdirSync(folder, { recursive: true })
  for (const name of names) {
    const wires = {
      broker: await startTcpProxy(broker.amqpUrl),
      database: await startTcpProxy(database.databaseUrl),
    }
    instances.set(name, { wires, doomed: false })
    start(name)
  }
  const stack: ChaosStack = {
    url,
    broker,
    database,
    names,
    deaths,
    folder,
    pid: (name) => living(name)?.pid,
    wire: (name, to) => instance(name).wires[to],
    start,
    kill,
    ready,
    close,
  }
  await ready().catch(async (error: unknown) => {
    await close()
    throw error
  })
  return stack

  function instance(name: ServiceName): Instance {
    return instances.get(name) as Instance
  }

  function living(name: ServiceName): ChildProcess | undefined {
    const { child } = instance(name)
    return child?.exitCode === null && child.signalCode === null ? child : undefined
  }

  function start(name: ServiceName): void {
    const { wires } = instance(name)
    const log = openSync(join(folder, `${name}.log`), 'a')
    const child = spawn(process.execPath, [mainOf(name)], {
      stdio: ['ignore', log, log],
      env: {
        ...environment(),
        AMQP_URL: wires.broker.url,
        DATABASE_URL: wires.database.url,
        HOST: '127.0.0.1',
        PORT: String(port),
        SLOTS: '2',
        ATTEMPTS: '10',
        PROCESSES: join(import.meta.dirname, 'processes'),
        WORK_DIR: join(folder, `${name}-${randomBytes(4).toString('hex')}`),
        WARREN_DATA: join(folder, 'data'),
        LOG_LEVEL: 'info',
        ...env,
      },
    })
    closeSync(log)
    Object.assign(instance(name), { child, doomed: false })
    child.once('exit', (code, signal) => {
      if (closing || instance(name).child !== child || instance(name).doomed) return
      deaths.push({ at: Date.now(), name, how: signal ?? `exit code ${code}` })
      setTimeout(() => closing || living(name) || start(name), REVIVE_MS)
    })
  }

  async function kill(name: ServiceName): Promise<void> {
    const child = living(name)
    if (!child) return
    instance(name).doomed = true
    const gone = exited(child)
    child.kill('SIGKILL')
    await gone
  }

  async function ready(): Promise<void> {
    const executors = names.filter((name) => name.startsWith('executor')).length
    let last = 'no answer'
    await eventually('the platform to be ready', READY_MS, async () => {
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
      last = (await answer?.text()) ?? last
      if (answer?.status !== 200) return false
      const report = JSON.parse(last) as { services: Record<string, { ready: boolean }[]> }
      return (report.services['executor'] ?? []).filter(({ ready }) => ready).length >= executors
    }).catch((error: Error) => Promise.reject(new Error(`${error.message}: ${last}`)))
  }

  async function close(): Promise<void> {
    closing = true
    await Promise.all(
      [...instances.values()].map(async ({ child }) => {
        if (!child || child.exitCode !== null || child.signalCode !== null) return
        const gone = exited(child)
        child.kill('SIGCONT')
        child.kill('SIGTERM')
        const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000)
        await gone
        clearTimeout(impatient)
      }),
    )
    for (const { wires } of instances.values()) await Promise.all([wires.broker.close(), wires.database.close()])
    await Promise.all([broker.remove(), database.remove()])
  }
}

function mainOf(name: ServiceName): string {
  return join(root, 'services', name.startsWith('executor') ? 'executor' : name, 'src/main.ts')
}

function exited(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('exit', resolve))
}
