import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { environment } from '../../support/env.ts'
import { freePort } from '../../support/stack.ts'
import { eventually } from '../../support/wait.ts'

const main = fileURLToPath(new URL('../../../services/gateway/src/main.ts', import.meta.url))

/** A gateway in a process of its own, with nothing behind it but a broker. */
export interface Gateway {
  readonly url: string
  readonly port: number
  readonly pid: number
  output(): string
  /** Resident memory. */
  rssMiB(): number
  /** Starts it again, on the same port. */
  start(): Promise<void>
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export async function startGateway(amqpUrl: string, env: Readonly<Record<string, string>>): Promise<Gateway> {
  const port = await freePort()
  let output = ''
  const url = `http://127.0.0.1:${port}`
  let child = await launch()
  return {
    url,
    port,
    get pid() {
      return child.pid as number
    },
    output: () => output,
    rssMiB,
    stop,
    start: async () => void (child = await launch()),
  }

  async function launch(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [main], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment(), AMQP_URL: amqpUrl, HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'info', ...env },
    })
    const keep = (chunk: Buffer): void => void (output += chunk.toString())
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    await eventually(`a gateway that listens\n${output}`, 20_000, async () => {
      return (await fetch(`${url}/livez`).catch(() => undefined))?.status === 200
    })
    return child
  }

  function rssMiB(): number {
    const status = readFileSync(`/proc/${child.pid}/status`, 'latin1')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024
  }

  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await new Promise((resolve) => child.once('exit', resolve))
  }
}
