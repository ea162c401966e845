import assert from 'node:assert/strict'
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http'
import { after, it } from 'node:test'
import { join, timed, until, useVirtualHost } from '../support/mesh.ts'
import { startGateway } from './support/gateway.ts'
import { serveSampler } from './support/sampler.ts'
import { openWire } from './support/wire.ts'

const vhost = await useVirtualHost()
const gateway = await startGateway(vhost.amqpUrl, { EXPOSE_APPS: 'x,absent', APP_DEADLINE_MS: '5000' })
after(() => gateway.stop())
await serveSampler(await join('app', vhost.amqpUrl), 'x')

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly raw: IncomingMessage
  readonly text: string
}

/** With Node's own client, because it shows what `fetch` hides. */
async function send(method: string, path: string, options: RequestOptions = {}, body?: Uint8Array): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request(
    `${gateway.url}/apps/x${path}`,
    { method, maxHeaderSize: 100_000, agent: new Agent(), ...options },
    (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers } = response
        resolve({ status: statusCode, headers, raw: response, text: Buffer.concat(chunks).toString() })
      })
    },
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}

it('13. passes header fields as they are, except those of one connection and those of its own', async () => {
  const { status, headers, raw, text } = await send('GET', '/headers', {
    headers: {
      'x-twice': ['1', '2'],
      'x-empty': '',
      'x-latin': 'caf\u00e9',
      'x-big': 'a'.repeat(32_768),
      connection: 'x-mine',
      'x-mine': '1',
      te: 'trailers',
      'proxy-authorization': 'Basic x',
      forwarded: 'for=1.2.3.4',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'evil.example',
      'warren-principal': 'root',
      'warren-roles': 'all',
    },
  })
  assert.equal(status, 200)
  const got = new Headers(JSON.parse(text) as [string, string][])
  assert.equal(got.get('x-twice'), '1, 2')
  assert.equal(got.get('x-empty'), '')
  assert.equal(got.get('x-latin'), 'caf\u00e9')
  assert.equal(got.get('x-big')?.length, 32_768)
  for (const name of ['connection', 'x-mine', 'te', 'proxy-authorization', 'forwarded']) {
    assert.equal(got.get(name), null, name)
  }
  assert.equal(got.get('x-forwarded-for'), '127.0.0.1')
  assert.equal(got.get('x-forwarded-host'), new URL(gateway.url).host)
  assert.equal(got.get('x-forwarded-prefix'), '/apps/x')
  assert.equal(got.get('host'), new URL(gateway.url).host)
  assert.equal(got.get('warren-principal'), 'local')
  assert.equal(got.get('warren-roles'), 'admin')
  assert.equal(got.get('x-request-id'), headers['x-request-id'])
  assert.deepEqual(headers['set-cookie'], ['a=1; Path=/', 'b=2'])
  assert.equal(headers['empty'], '')
  assert.equal(headers['latin'], 'caf\u00e9')
  assert.equal(headers['big']?.length, 32_768)
  assert.equal(headers['x-hop'], undefined)
  assert.equal(raw.rawHeaders.filter((name) => /^set-cookie$/i.test(name)).length, 2)
})

it('14. has no body where HTTP has none, early hints, and trailers', async () => {
  const head = await send('HEAD', '/hello')
  assert.deepEqual([head.status, head.text, head.headers['content-type']?.slice(0, 10)], [200, '', 'text/plain'])
  for (const status of [204, 304]) {
    const none = await send('GET', `/none/${status}`)
    assert.deepEqual([none.status, none.text, none.headers['etag']], [status, '', '"e"'])
    assert.equal(none.headers['transfer-encoding'] ?? none.headers['content-length'], undefined)
  }
  const hints = Promise.withResolvers<IncomingHttpHeaders>()
  const sent = request(`${gateway.url}/apps/x/hints`)
  sent.on('information', ({ statusCode, headers }) => hints.resolve({ ...headers, status: String(statusCode) }))
  const late = new Promise<IncomingMessage>((resolve) => sent.on('response', resolve))
  sent.end()
  assert.deepEqual(await hints.promise, { link: '</a.css>; rel=preload', status: '103' })
  const response = await late
  assert.equal(response.statusCode, 200)
  response.resume()
  const summed = await send('GET', '/trailers')
  assert.deepEqual([summed.text, summed.raw.trailers], ['sum', { 'x-sum': '42' }])
})

it('asks for the body when an app reads it, and not before', async () => {
  const head = (app: string, path: string) =>
    `POST /apps/${app}${path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`
  const absent = openWire(gateway.port, head('absent', '/digest'))
  await until('it is refused', () => absent.received().includes('\r\n\r\n'))
  assert.match(absent.received(), /^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n/i)
  absent.destroy()
  const taken = openWire(gateway.port, head('x', '/digest'))
  await until('it is asked for', () => taken.received() === 'HTTP/1.1 100 Continue\r\n\r\n')
  taken.send('hello')
  await until('it is answered', () => taken.received().includes('"count":5'))
  taken.destroy()
  const refused = openWire(gateway.port, head('x', '/refuse'))
  await until('it is answered', () => refused.received().includes('\r\n\r\n'))
  assert.match(refused.received(), /^HTTP\/1\.1 413 [^]*\r\nconnection: close\r\n/i)
  refused.destroy()
})

it('says what is not there, what is not exposed, and what takes too long', async () => {
  const statusOf = async (path: string, init?: RequestInit) => (await fetch(`${gateway.url}${path}`, init)).status
  assert.equal(await statusOf('/apps/absent/a'), 503)
  assert.equal(await statusOf('/apps/other/a'), 404)
  assert.equal(await statusOf('/apps/x%2F/a'), 404)
  assert.equal(await statusOf('/apps/x/nothing'), 404)
  // one that says that it is at it may take longer
  const slow = statusOf('/apps/x/slow', { method: 'POST' })
  const { ms, value } = await timed(() => statusOf('/apps/x/never', { method: 'POST' }))
  assert.deepEqual([value, await slow], [504, 200])
  assert.ok(ms > 4_500 && ms < 7_000)
  const { apps } = (await (await fetch(`${gateway.url}/apps`)).json()) as {
    apps: { name: string; instances: number }[]
  }
  assert.deepEqual(
    apps.map(({ name, instances }) => [name, instances]),
    [
      ['x', 1],
      ['absent', 0],
    ],
  )
})
