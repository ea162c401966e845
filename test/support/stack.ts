import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { temporaryDatabase } from '@warren/database'
import { brokerUrl, databaseUrl, environment, managementUrl } from './env.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const READY_MS = 60_000

type Name = 'registry' | 'files' | 'notifier' | 'gateway' | `executor${string}`

export interface StackOptions {
  /** Names of the executors; one unless told. */
  readonly executors?: readonly `executor${string}`[]
  readonly slots?: number
  /** Folders of processes, of all executors or of each by its name; the bundled ones unless told. */
  readonly processes?: readonly string[] | Readonly<Record<string, readonly string[]>>
  readonly env?: Readonly<Record<string, string>>
  /** A broker of the test's own, which it may kill; else a virtual host on the shared one. */
  readonly amqpUrl?: string
  /** Lets the test cut the services off from the broker and the database. */
  readonly proxies?: boolean
}

/** The five services as they really run, on a virtual host and a database of their own. */
export interface Stack {
  readonly url: string
  readonly amqpUrl: string
  readonly databaseUrl: string
  readonly proxies?: { readonly broker: TcpProxy; readonly database: TcpProxy }
  /** What a service has printed so far. */
  output(name: Name): string
  pid(name: Name): number
  start(name: Name): void
  /** Sends a signal and waits for the exit, unless the signal does not end a process. */
  signal(name: Name, signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** Waits until the gateway says so, and all executors that were started. */
  ready(): Promise<void>
  close(): Promise<void>
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { executors = ['executor'], slots = 2, processes, env = {} } = options
  const database = await temporaryDatabase(databaseUrl())
  const vhost = options.amqpUrl ? undefined : await createVirtualHost()
  const amqpUrl = options.amqpUrl ?? (vhost as VirtualHost).amqpUrl
  const proxies = options.proxies
    ? { broker: await startTcpProxy(amqpUrl), database: await startTcpProxy(database.databaseUrl) }
    : undefined
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const work = mkdtempSync(join(tmpdir(), 'warren-test-'))
  const children = new Map<Name, ChildProcess>()
  const outputs = new Map<Name, string>()
  const stack: Stack = {
    url,
    amqpUrl,
    databaseUrl: database.databaseUrl,
    ...(proxies && { proxies }),
    output: (name) => outputs.get(name) ?? '',
    pid: (name) => child(name).pid as number,
    start,
    signal,
    ready,
    close,
  }
  for (const name of ['registry', 'files', 'notifier', ...executors, 'gateway'] as const) start(name)
  try {
    await ready()
  } catch (error) {
    const printed = [...outputs].map(([name, text]) => `--- ${name}\n${text.slice(-2_000)}`).join('\n')
    await close()
    throw new Error(`the stack did not become ready\n${printed}`, { cause: error })
  }
  return stack

  function start(name: Name): void {
    const folders = foldersOf(name)
    const service = name.startsWith('executor') ? 'executor' : name
    const spawned = spawn(process.execPath, ['--expose-gc', join(root, 'services', service, 'src/main.ts')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...environment(),
        MALLOC_ARENA_MAX: '2', // as the launcher has it
        AMQP_URL: proxies?.broker.url ?? amqpUrl,
        DATABASE_URL: proxies?.database.url ?? database.databaseUrl,
        HOST: '127.0.0.1',
        PORT: String(port),
        SLOTS: String(slots),
        WORK_DIR: join(work, `${name}-${randomBytes(4).toString('hex')}`),
        LOG_LEVEL: 'info',
        ...(folders && { PROCESSES: folders.join(':') }),
        ...env,
      },
    })
    const keep = (chunk: Buffer): void => void outputs.set(name, (outputs.get(name) ?? '') + chunk.toString())
    spawned.stdout.on('data', keep)
    spawned.stderr.on('data', keep)
    children.set(name, spawned)
  }

  function foldersOf(name: string): readonly string[] | undefined {
    if (!processes || 'length' in processes) return processes as readonly string[] | undefined
    return processes[name]
  }

  function child(name: Name): ChildProcess {
    const found = children.get(name)
    if (!found) throw new Error(`${name} was not started`)
    return found
  }

  async function signal(name: Name, what: NodeJS.Signals): Promise<void> {
    const target = child(name)
    target.kill(what)
    if (what === 'SIGTERM' || what === 'SIGKILL') await exited(target)
  }

  async function ready(): Promise<void> {
    const until = Date.now() + READY_MS
    let last = 'no answer'
    while (Date.now() < until) {
      const answer = await fetch(`${url}/readyz`).catch(() => undefined)
      last = (await answer?.text()) ?? last
      if (answer?.status === 200 && countExecutors(last) >= runningExecutors()) return
      const gone = [...children].find(([, process]) => process.exitCode !== null)
      if (gone) throw new Error(`${gone[0]} ended with ${gone[1].exitCode}`)
      await wait(50)
    }
    throw new Error(`not ready after ${READY_MS} ms: ${last}`)
  }

  /** The gateway is content with one of them. */
  function runningExecutors(): number {
    return executors.filter((name) => child(name).exitCode === null && child(name).signalCode === null).length
  }

  async function close(): Promise<void> {
    await Promise.all(
      [...children.values()].map((process) => {
        process.kill('SIGCONT')
        process.kill('SIGTERM')
        return exited(process)
      }),
    )
    await proxies?.broker.close()
    await proxies?.database.close()
    await vhost?.remove()
    await database.drop()
    rmSync(work, { recursive: true, force: true })
  }
}

function countExecutors(report: string): number {
  const { services } = JSON.parse(report) as { services: Record<string, { ready: boolean }[]> }
  return (services['executor'] ?? []).filter(({ ready }) => ready).length
}

function exited(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', resolve))
}

export interface VirtualHost {
  readonly name: string
  readonly amqpUrl: string
  remove(): Promise<void>
}

/** A virtual host of its own on the shared broker, by its management API. */
export async function createVirtualHost(): Promise<VirtualHost> {
  const name = `test-${randomBytes(6).toString('hex')}`
  const url = new URL(brokerUrl())
  const user = url.username
  await manage('PUT', `/api/vhosts/${name}`)
  await manage('PUT', `/api/permissions/${name}/${user}`, { configure: '.*', write: '.*', read: '.*' })
  url.pathname = `/${name}`
  return { name, amqpUrl: url.href, remove: () => manage('DELETE', `/api/vhosts/${name}`) }
}

/** A call of RabbitMQ's management API. */
export async function manage(method: string, path: string, body?: object): Promise<void> {
  const { username, password } = new URL(brokerUrl())
  const answer = await fetch(new URL(path, managementUrl()), {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
