import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'

/** A service as the launcher starts it. */
export type Service = { name: string; file: string; args: string[]; env: NodeJS.ProcessEnv }

/** What the services are told about the rest of the stack. */
export type Surroundings = { amqpUrl: string; databaseUrl: string; managementUrl: string | undefined; httpPort: number }

/** The five services, in the order in which they are shown. */
export function services(config: Config, around: Surroundings): Service[] {
  const names = ['registry', 'executor', 'files', 'notifier', 'gateway']
  return names.map((name) => ({
    name,
    file: process.execPath,
    // streams collect their garbage themselves
    args: ['--expose-gc', join(config.root, 'services', name, 'src/main.ts')],
    env: serviceEnv(config, around, name),
  }))
}

/** Fails early, and in plain words, when a service is not there. */
export function checkServices(list: Service[]): void {
  for (const { name, args } of list) {
    const file = args.at(-1)
    if (file && !existsSync(file)) throw new Error(`the service ${name} is missing: there is no ${file}`)
  }
}

function serviceEnv(config: Config, around: Surroundings, name: string): NodeJS.ProcessEnv {
  return {
    AMQP_URL: around.amqpUrl,
    DATABASE_URL: around.databaseUrl,
    MANAGEMENT_URL: around.managementUrl,
    PROCESSES: config.processes,
    WARREN_DATA: config.dir,
    // glibc: threads that read and write files share their free memory
    MALLOC_ARENA_MAX: '2',
    ...(name === 'gateway' ? { PORT: String(around.httpPort), HOST: config.host } : {}),
  }
}
