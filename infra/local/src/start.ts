import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startChild } from './child.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config.ts'
import { startInfrastructure } from './infrastructure.ts'
import { keep } from './keeper.ts'
import type { Keeper } from './keeper.ts'
import { openLedger, sweep } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { lifetime } from './lifetime.ts'
import { choosePorts, isFree } from './ports.ts'
import type { Ports } from './ports.ts'
import { get, until } from './probe.ts'
import { begin, line, reason, say, seconds } from './report.ts'
import { followService } from './service-log.ts'
import { checkServices, services } from './services.ts'
import type { Service, Surroundings } from './services.ts'
import { removeStack, writeStack } from './stack.ts'

/** Which services to run; tests run others. */
export type ServiceList = (config: Config, around: Surroundings) => Service[]

/** Brings the stack up, keeps it up until a signal, and takes it down. Returns the exit code. */
export async function start(config: Config, list: ServiceList = services): Promise<number> {
  mkdirSync(join(config.dir, 'log'), { recursive: true })
  const ledger = await openLedger(config.dir, (name) => say('warren', `stopping what an earlier run left: ${name}`))
  if (!ledger) return -1
  const parts: { services: Keeper[]; infrastructure: Keeper[] } = { services: [], infrastructure: [] }
  const life = lifetime('warren', async () => {
    ledger.killAll()
    await sweep(ledger.id, 0)
    release(config, ledger)
  })
  let code = 0
  try {
    await bringUp(config, list, ledger, parts, life.signal)
    await life.ended
  } catch (error) {
    code = 1
    say('warren', life.signal.aborted ? 'interrupted before it was ready' : `cannot start: ${reason(error)}`)
  }
  const since = performance.now()
  await Promise.all(parts.services.map((part) => part.stop()))
  await Promise.all(parts.infrastructure.map((part) => part.stop()))
  await sweep(ledger.id, 2000)
  release(config, ledger)
  say('warren', `stopped … ${seconds(performance.now() - since)}`)
  return code
}

function release(config: Config, ledger: Ledger): void {
  removeStack(config.dir)
  ledger.close()
}

async function bringUp(
  config: Config,
  list: ServiceList,
  ledger: Ledger,
  parts: { services: Keeper[]; infrastructure: Keeper[] },
  signal: AbortSignal,
): Promise<void> {
  const since = performance.now()
  removeStack(config.dir)
  const ports = await stackPorts(config)
  const place = { dir: config.dir, ports, ledger, signal }
  const infrastructure = await startInfrastructure(config, place, (keeper) => parts.infrastructure.push(keeper))
  signal.throwIfAborted()
  const { amqpUrl, mqttUrl = null, managementUrl, databaseUrl } = infrastructure
  const wanted = list(config, { amqpUrl, managementUrl, databaseUrl, httpPort: ports.http })
  checkServices(wanted)
  const done = begin('services', `starting ${wanted.map(({ name }) => name).join(', ')}`)
  for (const service of wanted) {
    const again = () => startService(config, service, ledger)
    parts.services.push(keep(service.name, await again(), again))
  }
  const httpUrl = `http://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${ports.http}`
  await servicesReady(config, httpUrl, wanted, parts.services, signal)
  for (const part of [...parts.services, ...parts.infrastructure]) part.watch()
  done('services ready')
  writeStack(config.dir, {
    httpUrl,
    amqpUrl,
    mqttUrl,
    databaseUrl,
    managementUrl: managementUrl ?? null,
    pid: process.pid,
  })
  welcome(httpUrl, performance.now() - since)
}

async function stackPorts(config: Config): Promise<Ports> {
  const ports = await choosePorts(join(config.dir, 'ports.json'))
  if (config.port === undefined) return ports
  if (await isFree(config.port)) return { ...ports, http: config.port }
  throw new Error(`PORT=${config.port} is in use by another program`)
}

async function startService(config: Config, service: Service, ledger: Ledger) {
  const child = await startChild({ ...service, cwd: config.root, graceMs: 20_000, ledger })
  followService(child, logFile(config, service.name))
  return child
}

async function servicesReady(config: Config, httpUrl: string, list: Service[], keepers: Keeper[], signal: AbortSignal) {
  let why: string | undefined
  keepers.forEach((keeper, index) => {
    const name = list[index]?.name ?? ''
    void keeper.failed.then((how) => (why = `the service ${name} ${how}; its log is ${logFile(config, name)}`))
  })
  let last = 'nobody answers'
  const ask = async () => {
    const answer = await get(httpUrl, '/readyz')
    if (answer) last = `${answer.status} ${answer.text.slice(0, 500)}`
    return answer?.status === 200
  }
  try {
    await until('the gateway', ask, { withinMs: 60_000, gaveUp: () => why, signal })
    // A gateway may be quicker than the death of another service.
    await sleep(200)
    if (why) throw new Error(why)
  } catch (error) {
    if (why || signal.aborted) throw error
    const where = `logs are in ${join(config.dir, 'log')}`
    throw new Error(`${httpUrl}/readyz was not green within 60 s (${last}); ${where}`, { cause: error })
  }
}

function logFile(config: Config, name: string): string {
  return join(config.dir, 'log', `${name}.log`)
}

/** What to do next, for somebody who sees this for the first time. */
function welcome(httpUrl: string, tookMs: number): void {
  say('ready', `${httpUrl} … ${seconds(tookMs)}`)
  line(`
  try it   curl -s ${httpUrl}/processes/echo/execution -H 'content-type: application/json' -d '{"inputs":{"text":"hello"}}'
  docs     ${httpUrl}/docs
  stop     Ctrl-C, or: npm run stop
`)
}
