import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { choosePorts, startBroker } from '@warren/local'
import { environment } from './env.ts'

/** A broker that a test may kill. */
export interface OwnBroker {
  readonly amqpUrl: string
  /** As a power cut would. */
  kill(): Promise<void>
  /** Starts it again with the data and the ports that it had. */
  start(): Promise<void>
  /** Raises or ends a memory alarm; not where the broker runs in a container. */
  alarm?(raised: boolean): Promise<void>
  remove(): Promise<void>
}

export async function startOwnBroker(): Promise<OwnBroker> {
  const dir = mkdtempSync(join(tmpdir(), 'warren-broker-'))
  const ports = await choosePorts()
  let broker = await startBroker({ dir, ports })
  const home = join(dir, 'rabbitmq')
  return {
    amqpUrl: broker.amqpUrl,
    kill: () => broker.kill(),
    start: async () => void (broker = await startBroker({ dir, ports })),
    ...(existsSync(join(home, '.erlang.cookie')) && { alarm }),
    remove: async () => {
      await broker.kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }

  async function alarm(raised: boolean): Promise<void> {
    const call = `ok = rpc:call(warren@localhost, vm_memory_monitor, set_vm_memory_high_watermark, [${raised ? '1.0e-9' : '0.4'}]), halt().`
    const env = { ...environment(), HOME: home, ERL_EPMD_PORT: String(ports.epmd), ERL_CRASH_DUMP_BYTES: '0' }
    await promisify(execFile)('erl', ['-noinput', '-sname', 'test@localhost', '-eval', call], { env, timeout: 10_000 })
  }
}
