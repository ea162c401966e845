import { randomInt } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** One TCP port on 127.0.0.1 for everything that listens. */
export type Ports = {
  amqp: number
  mqtt: number
  webMqtt: number
  management: number
  prometheus: number
  dist: number
  epmd: number
  postgres: number
  http: number
}

const usual: Ports = {
  amqp: 5672,
  mqtt: 1883,
  webMqtt: 15675,
  management: 15672,
  prometheus: 15692,
  dist: 25672,
  epmd: 4370,
  postgres: 5433,
  http: 8080,
}

/**
 * Picks free ports: the remembered ones when they are free, else the next free ones above them.
 * Without a memory the search begins at a random place outside the ephemeral range, for tests that start side by side.
 */
export async function choosePorts(memory?: string): Promise<Ports> {
  const wanted = memory ? { ...usual, ...recall(memory) } : scattered()
  const taken = new Set<number>()
  const chosen = { ...wanted }
  for (const name of Object.keys(usual) as (keyof Ports)[]) {
    chosen[name] = await nextFree(wanted[name], taken)
    taken.add(chosen[name])
  }
  if (memory) writeFileSync(memory, `${JSON.stringify(chosen, null, 2)}\n`)
  return chosen
}

/** Whether nothing listens on the port. */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

async function nextFree(first: number, taken: Set<number>): Promise<number> {
  for (let port = first; port < first + 1000; port++) {
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new Error(`no free port between ${first} and ${first + 999}`)
}

function recall(memory: string): Partial<Ports> {
  if (!existsSync(memory)) return {}
  try {
    return JSON.parse(readFileSync(memory, 'utf8')) as Partial<Ports>
  } catch {
    return {}
  }
}

function scattered(): Ports {
  const first = randomInt(20_000, 30_000)
  const names = Object.keys(usual) as (keyof Ports)[]
  return Object.fromEntries(names.map((name, index) => [name, first + index * 20])) as Ports
}
