import { createHash, randomBytes } from 'node:crypto'
import type { Ports } from './ports.ts'

export const brokerUser = 'warren'

const plugins = ['rabbitmq_management', 'rabbitmq_mqtt', 'rabbitmq_web_mqtt', 'rabbitmq_prometheus']

/** `enabled_plugins`: an Erlang term with a full stop. */
export function enabledPlugins(): string {
  return `[${plugins.join(',')}].\n`
}

/** `rabbitmq.conf` with settings that 3.10 and 4.x both know: an unknown one would keep the broker from starting. */
export function rabbitmqConf(ports: Ports, definitions: string, ip = '127.0.0.1'): string {
  return `# written at every start; changes here are lost
listeners.tcp.1 = ${ip}:${ports.amqp}
mqtt.listeners.tcp.1 = ${ip}:${ports.mqtt}
web_mqtt.tcp.ip = ${ip}
web_mqtt.tcp.port = ${ports.webMqtt}
management.tcp.ip = ${ip}
management.tcp.port = ${ports.management}
prometheus.tcp.ip = ${ip}
prometheus.tcp.port = ${ports.prometheus}

load_definitions = ${definitions}
heartbeat = 10
disk_free_limit.absolute = 200MB
vm_memory_high_watermark.relative = 0.4

# an idle broker shall cost next to nothing
collect_statistics_interval = 10000
management.rates_mode = none

log.file.level = info
log.file.rotation.size = 10485760
log.file.rotation.count = 2
`
}

/**
 * `advanced.config`, where settings unknown to a version are ignored: MQTT clients without a name are refused
 * (`allow_anonymous` until 3.13, `anonymous_login_user` since 4.0), and messages are counted for each queue, but not for
 * each pair of channel and queue, which the management plugin would turn on and every message would pay for.
 */
export function advancedConfig(): string {
  return `[
  {rabbitmq_mqtt, [{allow_anonymous, false}, {anonymous_login_user, none}]},
  {rabbit, [{collect_statistics, coarse}]},
  {rabbitmq_management_agent, [{force_fine_statistics, false}]}
].
`
}

/** Definitions with the one user; imported at every start, so the password in our file is always the valid one. */
export function definitions(password: string): string {
  const user = {
    name: brokerUser,
    password_hash: passwordHash(password, randomBytes(4)),
    hashing_algorithm: 'rabbit_password_hashing_sha256',
    tags: 'administrator',
  }
  const permission = { user: brokerUser, vhost: '/', configure: '.*', write: '.*', read: '.*' }
  return JSON.stringify({ users: [user], vhosts: [{ name: '/' }], permissions: [permission] }, null, 2)
}

/** RabbitMQ's salted hash: base64 of salt and SHA-256 over salt and password. */
export function passwordHash(password: string, salt: Buffer): string {
  const digest = createHash('sha256').update(salt).update(password).digest()
  return Buffer.concat([salt, digest]).toString('base64')
}
