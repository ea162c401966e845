import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { callQueue, declareQueue, joinMesh, subscribe } from '@warren/mesh'
import {
  inspect,
  join,
  openRaw,
  recordingLog,
  serveDesk,
  timed,
  until,
  useTcpProxy,
  useVirtualHost,
} from '../support/mesh.ts'

const vhost = await useVirtualHost()
const child = fileURLToPath(new URL('closing.child.ts', import.meta.url))

const connections = async (): Promise<string[]> => {
  return (await inspect<{ name: string }[]>(`/api/vhosts/${vhost.name}/connections`)).map(({ name }) => name)
}

it('leaves no connection and no queue of its own on the broker', async () => {
  const mesh = await join('closing', vhost.amqpUrl)
  await serveDesk(mesh)
  const live = await subscribe(mesh, () => {}, { patterns: ['#'] })
  await live.up
  await until('the broker knows the three', async () => (await connections()).length === 3, 10_000)
  await mesh.close()
  await until('the broker knows none', async () => (await connections()).length === 0)
  const queues = await inspect<{ name: string }[]>(`/api/queues/${vhost.name}`)
  assert.deepEqual(queues.map(({ name }) => name).toSorted(), ['dead', 'notify'])
})

it('closes while there is no broker', async () => {
  const proxy = await useTcpProxy(vhost.amqpUrl)
  const mesh = await join('closing', proxy.url)
  await serveDesk(mesh)
  proxy.refuse(true)
  proxy.cut()
  await until('it is told', () => mesh.status().broker !== true)
  const { ms } = await timed(() => mesh.close())
  assert.ok(ms < 6_000, `${ms} ms`)
})

it('closes before it was ever up', async () => {
  const mesh = joinMesh('closing', 'early', vhost.amqpUrl, recordingLog())
  await mesh.close()
  await until('the broker knows none', async () => (await connections()).length === 0)
})

it('keeps no process alive', async () => {
  const raw = await openRaw(vhost.amqpUrl)
  await declareQueue(raw.channel, callQueue('rpc.silent', { exchange: 'warren.rpc', key: 'silent' }))
  await raw.channel.consume('rpc.silent', () => {}, { noAck: true })
  const { stdout } = await promisify(execFile)(process.execPath, [child, vhost.amqpUrl], { timeout: 15_000 })
  const [code, stoppedAt] = stdout.trim().split(' ')
  assert.equal(code, 'UNAVAILABLE')
  const ms = Date.now() - Number(stoppedAt)
  assert.ok(ms < 250, `${ms} ms from its last words to its end`)
})
