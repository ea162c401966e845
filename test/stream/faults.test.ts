import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { queues } from '@warren/contracts'
import { fetchApp, serveHttp } from '@warren/mesh'
import {
  failure,
  inspect,
  join,
  openRaw,
  queueState,
  timed,
  until,
  useTcpProxy,
  useVirtualHost,
} from '../support/mesh.ts'
import { startOwnBroker } from '../support/broker.ts'
import { never, ask as get, bytes, digest } from './support/bodies.ts'

const vhost = await useVirtualHost()
const caller = await join('caller', vhost.amqpUrl)
const raw = await openRaw(vhost.amqpUrl)

it('1. says at once that nobody serves an app, and leaves nothing in a queue', async () => {
  await failure(fetchApp(caller, 'first', get('/')), 'UNROUTABLE') // opens the connection
  const { ms } = await timed(() => failure(fetchApp(caller, 'absent', get('/')), 'UNROUTABLE'))
  assert.ok(ms < 50, `${ms} ms`)
  // also after there was one
  const mesh = await join('app', vhost.amqpUrl)
  const server = serveHttp(mesh, 'left', () => new Response('here'))
  await server.up
  assert.equal(await (await fetchApp(caller, 'left', get('/'))).text(), 'here')
  await server.close()
  const again = await timed(() => failure(fetchApp(caller, 'left', get('/')), 'UNROUTABLE'))
  assert.ok(again.ms < 50, `${again.ms} ms`)
  assert.equal(await queueState(raw, queues.app('absent')), undefined)
  assert.equal(await queueState(raw, queues.app('left')), undefined)
})

it('2. gives up at the deadline when an app is stuck, and tells its handler', async () => {
  const mesh = await join('app', vhost.amqpUrl)
  const aborted = Promise.withResolvers<void>()
  await serveHttp(mesh, 'stuck', (request) => {
    request.signal.addEventListener('abort', () => aborted.resolve())
    return new Promise(() => {})
  }).up
  const asked = fetchApp(caller, 'stuck', get('/'), { deadline: Date.now() + 300 })
  const { ms } = await timed(() => failure(asked, 'TIMEOUT'))
  assert.ok(ms > 250 && ms < 600, `${ms} ms`)
  await aborted.promise
})

it('3. starts no handler for a client that has gone before, or aborts it', async () => {
  const proxy = await useTcpProxy(vhost.amqpUrl)
  const mesh = await join('app', proxy.url)
  const started: Request[] = []
  await serveHttp(mesh, 'late', (request) => {
    started.push(request)
    return request.url.endsWith('/stay') ? new Response('stayed') : new Promise(() => {})
  }).up
  proxy.hold(true)
  const leaving = new AbortController()
  const asked = fetchApp(caller, 'late', get('/leave'), { signal: leaving.signal })
  await until('the request was delivered', async () => (await queueState(raw, queues.app('late')))?.messageCount === 0)
  leaving.abort()
  await failure(asked, 'CANCELLED')
  proxy.hold(false)
  assert.equal(await (await fetchApp(caller, 'late', get('/stay'))).text(), 'stayed')
  await until('nobody works for who has left', () => {
    return started.every(({ url, signal }) => url.endsWith('/stay') || signal.aborted)
  })
})

it(
  '10. ends every open exchange when the broker restarts, and takes new ones after that',
  { timeout: 90_000 },
  async (t) => {
    const broker = await startOwnBroker()
    t.after(() => broker.remove())
    const mesh = await join('app', broker.amqpUrl)
    const asking = await join('caller', broker.amqpUrl)
    t.after(() => Promise.all([mesh.close(), asking.close()]))
    const aborted: string[] = []
    await serveHttp(mesh, 'x', (request) => {
      const path = new URL(request.url).pathname
      request.signal.addEventListener('abort', () => aborted.push(path))
      if (path === '/hello') return new Response('hello')
      return path === '/mute' ? new Promise(() => {}) : new Response(never())
    }).up
    const download = await fetchApp(asking, 'x', get('/stream'))
    const reading = assert.rejects(download.text(), { code: 'PEER_LOST' })
    const waiting = failure(fetchApp(asking, 'x', get('/mute')), 'PEER_LOST')
    await until('both are under way', () => mesh.streams.size() === 2)
    await broker.kill()
    await Promise.all([reading, waiting])
    await until('both handlers are told', () => aborted.length === 2)
    assert.equal(mesh.streams.size() + asking.streams.size(), 0)
    await broker.start()
    await until('both are back', () => mesh.status().broker === true && asking.status().broker === true, 20_000)
    assert.equal(await (await fetchApp(asking, 'x', get('/hello'))).text(), 'hello')
  },
)

it('11. sends each upload wholly to the instance that took it', async () => {
  const meshes = [await join('app', vhost.amqpUrl), await join('app', vhost.amqpUrl)]
  const counts = await Promise.all(
    meshes.map(async (mesh) => {
      const took: string[] = []
      await serveHttp(mesh, 'two', async (request) => {
        const hash = createHash('sha256')
        for await (const chunk of request.body ?? []) hash.update(chunk)
        took.push(request.url)
        return Response.json({ instance: mesh.instance, sha256: hash.digest('hex') })
      }).up
      return took
    }),
  )
  const bodies = Array.from({ length: 20 }, () => randomBytes(700_000))
  const answers = await Promise.all(
    bodies.map(async (body, i) => {
      const answer = await fetchApp(caller, 'two', get(`/${i}`, { method: 'POST', body: bytes(body) }))
      return (await answer.json()) as { sha256: string }
    }),
  )
  assert.deepEqual(
    answers.map(({ sha256 }) => sha256),
    bodies.map((body) => digest(body)),
  )
  assert.deepEqual(
    counts.map((took) => took.length > 0),
    [true, true],
  )
  assert.equal(counts.flat().length, 20)
})

it('needs no queue for an exchange, and leaves none', async () => {
  const mesh = await join('app', vhost.amqpUrl)
  const server = serveHttp(mesh, 'tidy', () => new Response(never()))
  await server.up
  const response = await fetchApp(caller, 'tidy', get('/'))
  const listed = await inspect<{ name: string }[]>(`/api/queues/${vhost.name}`)
  assert.ok(!listed.some(({ name }) => /reply|gen/.test(name)), JSON.stringify(listed))
  await response.body?.cancel()
  await until('it is over', () => server.status() === true && mesh.streams.size() === 0)
})
