import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBroker } from './broker.ts'
import { startDatabase } from './database.ts'
import { run } from './child.ts'
import { choosePorts } from './ports.ts'
import { isFree } from './ports.ts'
import { removePostgresHome } from './postgres-home.ts'
import { get } from './probe.ts'

void test(
  'broker: data survives a power cut and an orderly stop; nothing listens afterwards',
  { timeout: 120_000 },
  async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'warren-broker-'))
    t.after(() => rmSync(dir, { recursive: true, force: true }))
    const ports = await choosePorts()
    const first = await startBroker({ dir, ports })
    t.after(() => first.kill())
    assert.equal(await declareQueue(first.managementUrl), 201)
    await first.kill()
    const second = await startBroker({ dir, ports })
    t.after(() => second.kill())
    assert.deepEqual(
      [second.amqpUrl, (await get(second.managementUrl, '/api/queues/%2F/kept'))?.status],
      [first.amqpUrl, 200],
    )
    await second.stop()
    for (const port of Object.values(ports)) assert.ok(await isFree(port))
  },
)

void test('database: data survives a power cut', { timeout: 120_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-database-'))
  t.after(() => {
    removePostgresHome(dir)
    rmSync(dir, { recursive: true, force: true })
  })
  const { postgres: port } = await choosePorts()
  const first = await startDatabase({ dir, port })
  t.after(() => first.kill())
  await first.kill()
  const second = await startDatabase({ dir, port })
  t.after(() => second.kill())
  assert.equal(second.databaseUrl, first.databaseUrl)
  assert.match(second.version, /^\d+\.\d+/)
  await second.stop()
  assert.ok(await isFree(port))
  await assert.rejects(run('sh', ['-c', `kill -0 ${second.pid}`]))
})

/** Declares a durable queue through the management API. */
async function declareQueue(managementUrl: string): Promise<number> {
  const { origin, username, password } = new URL(managementUrl)
  const response = await fetch(`${origin}/api/queues/%2F/kept`, {
    method: 'PUT',
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ durable: true, arguments: { 'x-queue-type': 'quorum' } }),
  })
  return response.status
}
