import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import type { Ports } from './ports.ts'
import { advancedConfig, definitions, enabledPlugins, passwordHash, rabbitmqConf } from './rabbitmq-config.ts'
import { services } from './services.ts'
import { readable } from './service-log.ts'

const ports: Ports = {
  amqp: 1,
  mqtt: 2,
  webMqtt: 3,
  management: 4,
  prometheus: 5,
  dist: 6,
  epmd: 7,
  postgres: 8,
  http: 9,
}

void test('every listener of the broker is bound to loopback', () => {
  const conf = rabbitmqConf(ports, '/x/definitions.json')
  for (const setting of ['listeners.tcp.1 = 127.0.0.1:1', 'mqtt.listeners.tcp.1 = 127.0.0.1:2'])
    assert.ok(conf.includes(setting))
  for (const plugin of ['web_mqtt', 'management', 'prometheus'])
    assert.ok(conf.includes(`${plugin}.tcp.ip = 127.0.0.1`))
  assert.ok(!conf.includes('0.0.0.0'))
  assert.match(advancedConfig(), /\]\.\n$/)
})

void test('the password hash is the salt and SHA-256 over salt and password', () => {
  const salt = Buffer.from('908DC60A', 'hex')
  // The worked example of RabbitMQ's documentation.
  assert.equal(passwordHash('test12', salt), 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR')
  const parsed = JSON.parse(definitions('secret')) as { users: { password_hash: string }[] }
  const hash = Buffer.from(parsed.users[0]?.password_hash ?? '', 'base64')
  const digest = createHash('sha256').update(hash.subarray(0, 4)).update('secret').digest()
  assert.deepEqual(hash.subarray(4), digest)
})

void test('only the gateway is given a port', () => {
  const config = readConfig({ PORT: '1234', WARREN_DATA: '/tmp/w' })
  const list = services(config, {
    amqpUrl: 'amqp://x',
    databaseUrl: 'postgres://x',
    managementUrl: undefined,
    httpPort: 1234,
  })
  assert.deepEqual(
    list.map(({ env }) => env['PORT']),
    [undefined, undefined, undefined, undefined, '1234'],
  )
  assert.throws(() => readConfig({ PORT: 'http' }), /not a port number/)
})

void test('the terminal shows warnings and plain text, not the flood', () => {
  assert.equal(readable('{"level":30,"msg":"fine"}'), undefined)
  assert.equal(readable('{"level":"info","msg":"fine"}'), undefined)
  assert.equal(readable('{"level":"warn","msg":"slow"}'), 'warning: slow')
  assert.equal(readable('{"level":40,"msg":"slow"}'), 'warning: slow')
  assert.equal(readable('{"level":50,"msg":"lost","err":{"message":"ECONNRESET"}}'), 'error: lost: ECONNRESET')
  assert.equal(readable('    at main.ts:3'), 'at main.ts:3')
})

void test('compose.yaml is well formed, publishes on loopback only, and has the plugins of the launcher', (t) => {
  const { root } = readConfig({})
  assert.equal(readFileSync(`${root}/infra/rabbitmq/enabled_plugins`, 'utf8'), enabledPlugins())
  const text = readFileSync(`${root}/infra/compose.yaml`, 'utf8')
  const published = [...text.matchAll(/^ {6}- (\S+:)?(\d+):(\d+)$/gm)].map(([, address]) => address)
  assert.ok(published.length >= 6)
  assert.deepEqual(new Set(published), new Set(['127.0.0.1:']))
  const script = 'import json,sys,yaml; print(json.dumps(sorted(yaml.safe_load(sys.stdin)["services"])))'
  let names: string
  try {
    names = execFileSync('python3', ['-c', script], { input: text, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
  } catch (error) {
    if (String(error).includes('No module named')) return t.skip('python3 has no yaml module')
    throw error
  }
  assert.deepEqual(JSON.parse(names), ['broker', 'database', 'executor', 'files', 'gateway', 'notifier', 'registry'])
})
