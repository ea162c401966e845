import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Everything the launcher takes from its surroundings; nothing else reads the environment. */
export type Config = {
  root: string
  /** The private folder, `.warren/` unless WARREN_DATA says otherwise. */
  dir: string
  host: string
  /** Set only when the user asked for a port. */
  port: number | undefined
  amqpUrl: string | undefined
  mqttUrl: string | undefined
  managementUrl: string | undefined
  databaseUrl: string | undefined
  processes: string
  cores: number
  env: NodeJS.ProcessEnv
}

/** Reads the environment. */
export function readConfig(env: NodeJS.ProcessEnv = inheritedEnv()): Config {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
  return {
    root,
    dir: resolve(root, env['WARREN_DATA'] || '.warren'),
    host: env['HOST'] || '127.0.0.1',
    port: env['PORT'] ? portNumber(env['PORT']) : undefined,
    amqpUrl: env['AMQP_URL'] || undefined,
    mqttUrl: env['MQTT_URL'] || undefined,
    managementUrl: env['MANAGEMENT_URL'] || undefined,
    databaseUrl: env['DATABASE_URL'] || undefined,
    processes: env['PROCESSES'] || join(root, 'processes'),
    cores: availableParallelism(),
    env,
  }
}

/** The environment this process was started with: what children inherit. */
export function inheritedEnv(): NodeJS.ProcessEnv {
  // oxlint-disable-next-line node/no-process-env -- the one place of the launcher that does
  return process.env
}

function portNumber(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new Error(`PORT=${text} is not a port number`)
}
