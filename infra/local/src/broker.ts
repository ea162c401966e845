import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { BrokerOptions, BrokerPlan, StartedBroker } from './broker-plan.ts'
import { startChild } from './child.ts'
import type { Ledger } from './ledger.ts'
import { choosePorts } from './ports.ts'
import type { Ports } from './ports.ts'
import { get, speaksAmqp, until } from './probe.ts'
import { advancedConfig, brokerUser, definitions, enabledPlugins, rabbitmqConf } from './rabbitmq-config.ts'
import { runRabbitmqInDocker } from './rabbitmq-docker.ts'
import { findRabbitmq } from './rabbitmq-host.ts'
import type { RabbitmqHost } from './rabbitmq-host.ts'
import { secret } from './secret.ts'

/** A private RabbitMQ node. */
export type Broker = {
  version: string
  amqpUrl: string
  mqttUrl: string
  webMqttUrl: string
  managementUrl: string
  /** The Erlang machine itself, or the docker client in front of it. */
  pid: number
  log: string
  exited: Promise<string>
  /** Stops it in good order. */
  stop(): Promise<void>
  /** As a power cut would. */
  kill(): Promise<void>
}

/** Starts RabbitMQ on 127.0.0.1 with its data in `<dir>/rabbitmq`; ready when it answers on AMQP and management. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const ports = options.ports ?? (await choosePorts())
  const home = join(options.dir, 'rabbitmq')
  mkdirSync(join(home, 'log'), { recursive: true })
  const password = secret(join(home, 'password'))
  const urls = brokerUrls(ports, password)
  const host = findRabbitmq()
  const started = host
    ? await runRabbitmq(host, { ...options, home, ports, password })
    : await runRabbitmqInDocker({ ...options, home, ports, password })
  try {
    const version = await ready(started, ports, urls.managementUrl, options.signal)
    const { child, log } = started
    return { version, ...urls, pid: child.pid, log, exited: child.exited, stop: started.stop, kill: started.kill }
  } catch (error) {
    await started.kill()
    throw error
  }
}

async function runRabbitmq(host: RabbitmqHost, plan: BrokerPlan): Promise<StartedBroker> {
  const { home, ports, ledger } = plan
  const log = join(home, 'log', 'rabbitmq.log')
  const output = join(home, 'log', 'output.log')
  const file = (name: string, content: string, mode = 0o600) => {
    writeFileSync(join(home, name), content, { mode })
    chmodSync(join(home, name), mode)
    return join(home, name)
  }
  const env = {
    HOME: home,
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'warren@localhost',
    RABBITMQ_USE_LONGNAME: 'false',
    RABBITMQ_CONF_ENV_FILE: file('rabbitmq-env.conf', '# keeps settings of the system away\n'),
    RABBITMQ_CONFIG_FILE: file(
      'rabbitmq.conf',
      rabbitmqConf(ports, file('definitions.json', definitions(plan.password))),
    ),
    RABBITMQ_ADVANCED_CONFIG_FILE: file('advanced.config', advancedConfig()),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins', enabledPlugins()),
    RABBITMQ_MNESIA_BASE: join(home, 'mnesia'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_LOGS: log,
    RABBITMQ_PID_FILE: join(home, 'rabbitmq.pid'),
    RABBITMQ_DIST_PORT: String(ports.dist),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: erlangArgs(),
    // Makes the script replace itself with Erlang, so the child's pid is the broker's.
    RUNNING_UNDER_SYSTEMD: 'true',
  }
  const epmd = host.epmd ? await startEpmd(host.epmd, ports.epmd, output, env, ledger) : undefined
  const child = await startChild({
    name: 'broker',
    file: host.server,
    args: [],
    env,
    log: output,
    graceMs: 15_000,
    ledger,
  })
  // Nobody else uses this port mapper: it goes when the broker goes, however that happened.
  const without = child.exited.then(() => epmd?.kill())
  const through = async (act: () => Promise<void>) => {
    await act()
    await without
  }
  return { child, log: `${log} and ${output}`, stop: () => through(child.stop), kill: () => through(child.kill) }
}

async function startEpmd(file: string, port: number, log: string, env: NodeJS.ProcessEnv, ledger: Ledger | undefined) {
  const args = ['-port', String(port), '-address', '127.0.0.1']
  return await startChild({ name: 'epmd', file, args, env, log, graceMs: 1000, ledger })
}

/** No busy waiting, few schedulers, and distribution on the loopback interface only. */
function erlangArgs(): string {
  const schedulers = Math.min(4, availableParallelism())
  return [
    '+sbwt none +sbwtdcpu none +sbwtdio none',
    `+S ${schedulers}:${schedulers}`,
    '-kernel inet_dist_use_interface {127,0,0,1}',
  ].join(' ')
}

async function ready(started: StartedBroker, ports: Ports, managementUrl: string, signal: AbortSignal | undefined) {
  let ended: string | undefined
  void started.child.exited.then((how) => (ended = how))
  const gaveUp = () => (ended ? `RabbitMQ ${ended}; see ${started.log}` : undefined)
  const options = { withinMs: 90_000, gaveUp, ...(signal ? { signal } : {}) }
  await until(`RabbitMQ (log: ${started.log})`, () => speaksAmqp(ports.amqp), options)
  let version = ''
  await until(
    `RabbitMQ's management (log: ${started.log})`,
    async () => {
      const answer = await get(managementUrl, '/api/overview')
      if (answer?.status !== 200) return false
      version = (JSON.parse(answer.text) as { rabbitmq_version: string }).rabbitmq_version
      return true
    },
    options,
  )
  return version
}

function brokerUrls(ports: Ports, password: string) {
  const at = `${brokerUser}:${password}@127.0.0.1`
  return {
    amqpUrl: `amqp://${at}:${ports.amqp}`,
    mqttUrl: `mqtt://${at}:${ports.mqtt}`,
    webMqttUrl: `ws://${at}:${ports.webMqtt}/ws`,
    managementUrl: `http://${at}:${ports.management}`,
  }
}
