import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { freePort, type Stack } from './stack.ts'
import { environment } from './env.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** One more instance of a service, beside those of a stack. */
export interface Peer {
  /** Of a gateway. */
  readonly url: string
  readonly pid: number
  output(): string
  /** Tells it to end, waits until it has, and gives its exit code. */
  stop(): Promise<number | null>
  start(): void
}

export async function startPeer(
  service: 'gateway' | 'registry' | 'executor',
  stack: Stack,
  env: Readonly<Record<string, string>> = {},
): Promise<Peer> {
  const port = await freePort()
  let output = ''
  let child = launch()
  return {
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return child.pid as number
    },
    output: () => output,
    stop,
    start: () => (child = launch()),
  }

  function launch() {
    const spawned = spawn(process.execPath, [`${root}/services/${service}/src/main.ts`], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...environment(),
        AMQP_URL: stack.amqpUrl,
        DATABASE_URL: stack.databaseUrl,
        HOST: '127.0.0.1',
        PORT: String(port),
        ...env,
      },
    })
    const keep = (chunk: Buffer): void => void (output += chunk.toString())
    spawned.stdout.on('data', keep)
    spawned.stderr.on('data', keep)
    return spawned
  }

  async function stop(): Promise<number | null> {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve))
    return child.exitCode
  }
}
