import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerPlan, StartedBroker } from './broker-plan.ts'
import { run, startChild } from './child.ts'
import type { Ports } from './ports.ts'
import { advancedConfig, definitions, enabledPlugins, rabbitmqConf } from './rabbitmq-config.ts'

const image = 'rabbitmq:4-management'

/** Ports inside the container; outside, each is published on 127.0.0.1 only. */
const inside: Ports = {
  amqp: 5672,
  mqtt: 1883,
  webMqtt: 15675,
  management: 15672,
  prometheus: 15692,
  dist: 25672,
  epmd: 4369,
  postgres: 0,
  http: 0,
}

/** Whether a Docker daemon answers. */
export async function dockerAnswers(): Promise<boolean> {
  return await run('docker', ['info']).then(
    () => true,
    () => false,
  )
}

/** Runs the broker in a container named after its folder; a named volume keeps its data. */
export async function runRabbitmqInDocker(plan: BrokerPlan): Promise<StartedBroker> {
  const { home, ports } = plan
  const name = `warren-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`
  const log = join(home, 'log', 'output.log')
  const config = join(home, 'docker')
  mkdirSync(config, { recursive: true })
  writeFileSync(join(config, 'rabbitmq.conf'), rabbitmqConf(inside, '/etc/rabbitmq/definitions.json', '0.0.0.0'))
  writeFileSync(join(config, 'advanced.config'), advancedConfig())
  writeFileSync(join(config, 'enabled_plugins'), enabledPlugins())
  writeFileSync(join(config, 'definitions.json'), definitions(plan.password))
  const mounts = ['rabbitmq.conf', 'advanced.config', 'enabled_plugins', 'definitions.json']
  const published: (keyof Ports)[] = ['amqp', 'mqtt', 'webMqtt', 'management', 'prometheus']
  const about = ['--rm', '--name', name, '--hostname', 'warren', '--volume', `${name}:/var/lib/rabbitmq`]
  const args = [
    'run',
    ...about,
    ...mounts.flatMap((file) => ['--volume', `${join(config, file)}:/etc/rabbitmq/${file}:ro`]),
    ...published.flatMap((port) => ['--publish', `127.0.0.1:${ports[port]}:${inside[port]}`]),
    image,
  ]
  const remove = () => run('docker', ['rm', '--force', name]).then(undefined, () => {})
  await remove()
  const child = await startChild({ name: 'broker', file: 'docker', args, log, graceMs: 30_000, ledger: plan.ledger })
  const kill = async () => {
    await remove()
    await child.kill()
  }
  return { child, log, stop: child.stop, kill }
}
