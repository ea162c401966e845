import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { inspect, join, timed, until, useVirtualHost } from '../support/mesh.ts'
import { eventually } from '../support/wait.ts'
import { bytes, digest } from './support/bodies.ts'
import { startGateway } from './support/gateway.ts'
import { serveSampler } from './support/sampler.ts'
import { openWire } from './support/wire.ts'

const MIB = 1_048_576
const vhost = await useVirtualHost()
const gateway = await startGateway(vhost.amqpUrl, { EXPOSE_APPS: 'x,absent', APP_DEADLINE_MS: '5000' })
after(() => gateway.stop())
const watched = await serveSampler(await join('app', vhost.amqpUrl), 'x')

async function brokerMiB(): Promise<number> {
  const nodes = await inspect<{ mem_used: number }[]>('/api/nodes')
  return (nodes[0]?.mem_used ?? 0) / MIB
}

it('4. aborts the handler of an endless download when the client leaves', { timeout: 30_000 }, async () => {
  const before = await brokerMiB()
  const leaving = new AbortController()
  const response = await fetch(`${gateway.url}/apps/x/endless`, { signal: leaving.signal })
  let read = 0
  for await (const chunk of response.body ?? []) {
    read += chunk.byteLength
    if (read > 50_000_000) break
  }
  const grown = (await brokerMiB()) - before
  assert.ok(grown < 100, `the broker grew by ${grown} MiB`)
  const asked = watched.requests.find(({ url }) => url.endsWith('/endless'))
  leaving.abort()
  const { ms } = await timed(() => until('the handler is aborted', () => asked?.signal.aborted))
  assert.ok(ms < 1_000, `${ms} ms`)
  const then = watched.produced
  await wait(100)
  assert.equal(watched.produced, then, 'nothing more is produced')
})

it('5. holds a window for a slow client, and no others up', { timeout: 60_000 }, async () => {
  const [gatewayBefore, brokerBefore] = [gateway.rssMiB(), await brokerMiB()]
  watched.produced = 0
  const slow = openWire(gateway.port, 'GET /apps/x/large HTTP/1.1\r\nHost: localhost\r\n\r\n', {
    bytesPerSecond: 1_024,
  })
  await until('it goes on slowly', () => slow.received().length > 1_500)
  let stopped = -1
  await eventually('the app waits', 10_000, () => stopped === (stopped = watched.produced), 250)
  const times: number[] = []
  for (let i = 0; i < 50; i++) {
    const { ms, value } = await timed(async () => (await fetch(`${gateway.url}/apps/x/hello`)).text())
    assert.equal(value, 'hello')
    times.push(ms)
  }
  const body = randomBytes(8_000_000)
  const other = await fetch(`${gateway.url}/apps/x/digest`, { method: 'POST', body: new Uint8Array(body) })
  assert.equal(((await other.json()) as { sha256: string }).sha256, digest(body))
  assert.ok((times.toSorted((a, b) => a - b)[25] as number) < 50, String(times))
  // the window, and what the systems hold of two connections
  assert.ok(watched.produced < 16_000_000, `${watched.produced} bytes were produced`)
  assert.ok(watched.produced - stopped < 1_000_000, 'the app still waits')
  const grown = [gateway.rssMiB() - gatewayBefore, (await brokerMiB()) - brokerBefore]
  assert.ok(
    grown.every((mib) => mib < 80),
    `${grown.join(', ')} MiB`,
  )
  slow.destroy()
})

it('12. keeps bodies of any size whole, of known and of unknown length', { timeout: 60_000 }, async () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 64 * MIB]) {
    const body = new Uint8Array(randomBytes(size))
    const expected = { count: size, sha256: digest(body) }
    const known = await fetch(`${gateway.url}/apps/x/digest`, { method: 'POST', body })
    assert.deepEqual(await known.json(), expected, `${size}, content-length`)
    const init = { method: 'POST', body: bytes(body), duplex: 'half' } as const
    const chunked = await fetch(`${gateway.url}/apps/x/digest`, init)
    assert.deepEqual(await chunked.json(), expected, `${size}, chunked`)
    const back = await fetch(`${gateway.url}/apps/x/echo`, { ...init, body: bytes(body) })
    assert.equal(digest(new Uint8Array(await back.arrayBuffer())), expected.sha256, `${size}, down`)
  }
})

it('12. refuses a body that has not the declared length', async () => {
  for (const size of [10, 100_000]) {
    const short = openWire(
      gateway.port,
      `POST /apps/x/digest HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\nabc`,
    )
    short.end()
    await until('it is refused', () => short.ended() !== undefined)
    assert.match(short.received(), /^HTTP\/1\.1 400 /)
  }
  const two = openWire(
    gateway.port,
    'POST /apps/x/digest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
  )
  await until('it is refused', () => two.ended() !== undefined)
  assert.match(two.received(), /^HTTP\/1\.1 400 /)
})

it('lets an upload take as long as it goes on', { timeout: 30_000 }, async () => {
  // APP_DEADLINE_MS is 5 s
  const slowly = new ReadableStream({
    async pull(controller) {
      await wait(700)
      controller.enqueue(new Uint8Array(10))
    },
  })
  let left = 10
  const body = slowly.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(chunk)
        if (--left === 0) controller.terminate()
      },
    }),
  )
  const answer = await fetch(`${gateway.url}/apps/x/digest`, { method: 'POST', body, duplex: 'half' })
  assert.equal(((await answer.json()) as { count: number }).count, 100)
})

it('breaks the request off when the client goes away in the middle of an upload', async () => {
  const upload = openWire(
    gateway.port,
    'POST /apps/x/never HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc',
  )
  const before = watched.requests.length
  await until('the app has it', () => watched.requests.length > before)
  upload.destroy()
  await until('the handler is aborted', () => watched.requests.at(-1)?.signal.aborted)
})
