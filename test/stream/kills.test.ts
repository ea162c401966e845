import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join as inside } from 'node:path'
import { after, it } from 'node:test'
import { queues } from '@warren/contracts'
import { fetchApp, serveHttp } from '@warren/mesh'
import { failure, inspect, join, openRaw, queueState, until, useVirtualHost } from '../support/mesh.ts'
import { eventually } from '../support/wait.ts'
import { ask } from './support/bodies.ts'
import { effectsFile, startChildApp } from './support/child-app.ts'
import { startGateway } from './support/gateway.ts'
import { openWire } from './support/wire.ts'

const vhost = await useVirtualHost()
const caller = await join('caller', vhost.amqpUrl)
const raw = await openRaw(vhost.amqpUrl)

it('6. gives a request to another instance, once, when the first dies before it takes it', async () => {
  const effects = effectsFile()
  const first = await startChildApp(vhost.amqpUrl, 'first', { app: 'six', effects: effects.path })
  await first.signal('SIGSTOP')
  // no method that could be repeated once it was taken
  const asked = fetchApp(caller, 'six', ask('/slow/1/six', { method: 'POST' }), { deadline: Date.now() + 30_000 })
  await until(
    'it was delivered to the first',
    async () => {
      const path = `/api/queues/${vhost.name}/${queues.app('six')}`
      return (await inspect<{ messages_unacknowledged?: number }>(path)).messages_unacknowledged === 1
    },
    15_000,
  )
  await startChildApp(vhost.amqpUrl, 'second', { app: 'six', effects: effects.path })
  await first.signal('SIGKILL')
  assert.equal(await (await asked).text(), 'second')
  assert.deepEqual(effects.lines(), ['began six second', 'done six second'])
})

it('7. resets the connection when an app dies after its answer has begun', async () => {
  const gateway = await startGateway(vhost.amqpUrl, { EXPOSE_APPS: 'seven' })
  after(() => gateway.stop())
  for (const [path, framing] of [
    ['/endless', 'chunked'],
    ['/endless?length=1000000', 'length'],
  ]) {
    const app = await startChildApp(vhost.amqpUrl, `dies-${framing}`, { app: 'seven' })
    const answer = openWire(gateway.port, `GET /apps/seven${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await until('it has begun', () => answer.received().length > 2_000)
    await app.signal('SIGKILL')
    const error = await eventually('the connection ends', 5_000, () => answer.ended())
    assert.equal(error, 'ECONNRESET', `${framing}: not a clean end`)
    assert.doesNotMatch(answer.received().slice(-7), /\r\n0\r\n/)
  }
})

it('7. says 502 when an app dies before its answer has begun, and the request must not be repeated', async () => {
  const effects = effectsFile()
  const app = await startChildApp(vhost.amqpUrl, 'dies', { app: 'post', effects: effects.path })
  const asked = fetchApp(caller, 'post', ask('/slow/60000/post', { method: 'POST' }))
  const failed = failure(asked, 'PEER_LOST')
  await until('it has begun', () => effects.lines().length === 1)
  await startChildApp(vhost.amqpUrl, 'lives', { app: 'post', effects: effects.path })
  await app.signal('SIGKILL')
  await failed
  assert.deepEqual(effects.lines(), ['began post dies'])
})

it('8. repeats an idempotent request when the app dies at it: one effect', async () => {
  const effects = effectsFile()
  const first = await startChildApp(vhost.amqpUrl, 'first', { app: 'eight', effects: effects.path })
  const put = fetchApp(caller, 'eight', ask('/slow/2500/put', { method: 'PUT', body: 'small' }))
  const keyed = fetchApp(
    caller,
    'eight',
    ask('/slow/2500/keyed', { method: 'POST', headers: { 'idempotency-key': 'k' }, body: 'small' }),
  )
  await until('both have begun', () => effects.lines().length === 2)
  await startChildApp(vhost.amqpUrl, 'second', { app: 'eight', effects: effects.path })
  await first.signal('SIGKILL')
  assert.equal(await (await put).text(), 'second')
  assert.equal(await (await keyed).text(), 'second')
  const done = effects.lines().filter((line) => line.startsWith('done'))
  assert.deepEqual(done.toSorted(), ['done keyed second', 'done put second'])
})

it('8. does not wait for an instance that will never come', async () => {
  const effects = effectsFile()
  const only = await startChildApp(vhost.amqpUrl, 'only', { app: 'lonely', effects: effects.path })
  const failed = failure(fetchApp(caller, 'lonely', ask('/slow/60000/x', { method: 'PUT' })), 'UNROUTABLE')
  await until('it has begun', () => effects.lines().length === 1)
  await only.signal('SIGKILL')
  await failed
  assert.equal(await queueState(raw, queues.app('lonely')), undefined)
})

it('9. breaks the body of an upload off when the gateway dies, so that no part of a file is kept', async () => {
  const dir = mkdtempSync(inside(tmpdir(), 'warren-upload-'))
  after(() => rmSync(dir, { recursive: true }))
  const [partial, whole] = [inside(dir, 'partial'), inside(dir, 'whole')]
  const errors: string[] = []
  let received = 0
  const mesh = await join('app', vhost.amqpUrl)
  await serveHttp(mesh, 'nine', async ({ body, signal }) => {
    const file = await open(partial, 'w')
    try {
      for await (const chunk of body ?? []) {
        await file.write(chunk)
        received += chunk.byteLength
      }
      renameSync(partial, whole)
    } catch (error) {
      errors.push((error as { code: string }).code, String(signal.aborted))
      rmSync(partial)
    } finally {
      await file.close()
    }
    return new Response()
  }).up
  const gateway = await startGateway(vhost.amqpUrl, { EXPOSE_APPS: 'nine' })
  const upload = request(`${gateway.url}/apps/nine/`, { method: 'PUT', headers: { 'content-length': 10_000_000 } })
  upload.on('error', () => {})
  upload.write(Buffer.alloc(3_000_000))
  await until('half of it has come', () => received === 3_000_000)
  await gateway.stop('SIGKILL')
  await until('the app hears of it', () => errors.length > 0)
  assert.deepEqual(errors, ['PEER_LOST', 'true'])
  assert.deepEqual([existsSync(partial), existsSync(whole)], [false, false])
})
