import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Agent, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { serveHttp, type AppBindings } from '@warren/mesh'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { join, until, useVirtualHost } from '../support/mesh.ts'
import { startGateway } from './support/gateway.ts'

const LARGE = 100 * 1_048_576
const block = new Uint8Array(65_536).map((_, i) => i % 251)

/** One app, which knows nothing of how it is served. */
function createApp(events: string[]): Hono<{ Bindings: AppBindings }> {
  const app = new Hono<{ Bindings: AppBindings }>()
  app.get('/events', (c) => {
    c.req.raw.signal.addEventListener('abort', () => events.push('aborted'))
    return streamSSE(c, async (stream) => {
      for (let i = 0; i < 1_000 && !stream.aborted; i++) {
        await stream.writeSSE({ id: String(i), event: 'tick', data: `${i}` })
        await stream.sleep(i < 3 ? 5 : 100)
      }
    })
  })
  app.post('/upload', async (c) => {
    const form = await c.req.parseBody()
    const file = form['file'] as File
    const sha256 = createHash('sha256')
      .update(new Uint8Array(await file.arrayBuffer()))
      .digest('hex')
    return c.json({ name: file.name, type: file.type, size: file.size, note: form['note'], sha256 }, 201)
  })
  app.put('/raw', async (c) => {
    const hash = createHash('sha256')
    for await (const chunk of c.req.raw.body ?? []) hash.update(chunk)
    return c.text(hash.digest('hex'))
  })
  app.post('/early', (c) => c.text('too much', 413))
  app.post('/echo', (c) => new Response(c.req.raw.body, { headers: { 'content-type': 'application/octet-stream' } }))
  app.get('/cookies', (c) => {
    c.header('Set-Cookie', 'a=1; Path=/; HttpOnly', { append: true })
    c.header('Set-Cookie', 'b=2; Path=/', { append: true })
    return c.text('two')
  })
  app.get('/empty', (c) => c.body(null, 204))
  app.get('/same', (c) => c.body(null, 304, { etag: '"1"' }))
  app.get('/query', (c) => c.json({ path: c.req.path, query: c.req.queries(), raw: new URL(c.req.url).search }))
  app.get('/moved', (c) => c.redirect('/there', 308))
  app.get('/trailers', (c) => {
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('counted'))
        await wait(10)
        c.env.outgoing.addTrailers({ 'X-Count': '7' })
        controller.close()
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/plain' } })
  })
  app.get('/large', () => {
    let left = LARGE
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(block)
        left -= block.byteLength
        if (left === 0) controller.close()
      },
    })
    return new Response(body, {
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(LARGE) },
    })
  })
  app.get('/throws', () => {
    throw new Error('told to')
  })
  app.onError((error, c) => c.text(`failed: ${error.message}`, 500))
  return app
}

const events = { alone: [] as string[], mounted: [] as string[] }
const alone = serve({ fetch: createApp(events.alone).fetch, port: 0, hostname: '127.0.0.1' })
await until('it listens', () => alone.address())
after(() => void alone.close())

const vhost = await useVirtualHost()
const gateway = await startGateway(vhost.amqpUrl, { EXPOSE_APPS: 'x' })
after(() => gateway.stop())
const mesh = await join('app', vhost.amqpUrl)
await serveHttp(mesh, 'x', createApp(events.mounted).fetch).up

for (const [how, base] of [
  ['alone', `http://127.0.0.1:${(alone.address() as AddressInfo).port}`],
  ['mounted', `${gateway.url}/apps/x`],
] as const) {
  describe(`an app ${how}`, () => {
    it('streams events as they happen, and hears when the reader leaves', async () => {
      const leaving = new AbortController()
      const response = await fetch(`${base}/events`, { signal: leaving.signal })
      assert.equal(response.headers.get('content-type'), 'text/event-stream')
      let text = ''
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk).toString()
        if (text.includes('id: 2')) break
      }
      assert.equal(text.slice(0, 33), 'event: tick\ndata: 0\nid: 0\n\nevent:')
      leaving.abort()
      await until('it is told', () => events[how].includes('aborted'))
    })

    it('takes a form with a file', async () => {
      const form = new FormData()
      form.set('note', 'caf\u00e9')
      form.set('file', new File([block], 'ü.bin', { type: 'application/x-test' }))
      const response = await fetch(`${base}/upload`, { method: 'POST', body: form })
      const sha256 = createHash('sha256').update(block).digest('hex')
      assert.equal(response.status, 201)
      const expected = { name: 'ü.bin', type: 'application/x-test', size: 65_536, note: 'caf\u00e9', sha256 }
      assert.deepEqual(await response.json(), expected)
    })

    it('takes a body of unknown length', async () => {
      let left = 200
      const body = new ReadableStream({
        pull: (controller) => (left-- > 0 ? controller.enqueue(block) : controller.close()),
      })
      const response = await fetch(`${base}/raw`, { method: 'PUT', body, duplex: 'half' })
      const hash = createHash('sha256')
      for (let i = 0; i < 200; i++) hash.update(block)
      assert.equal(await response.text(), hash.digest('hex'))
    })

    it('answers before it has read the body', async () => {
      const response = await fetch(`${base}/early`, { method: 'POST', body: new Uint8Array(2_000_000) })
      assert.deepEqual([response.status, await response.text()], [413, 'too much'])
    })

    it('answers while it reads the body', async () => {
      const turns = Promise.withResolvers<void>()
      let sent = 0
      const body = new ReadableStream({
        async pull(controller) {
          if (sent++ === 1) await turns.promise
          if (sent < 4) controller.enqueue(new TextEncoder().encode(`${sent};`))
          else controller.close()
        },
      })
      const response = await fetch(`${base}/echo`, { method: 'POST', body, duplex: 'half' })
      const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
      assert.equal((await reader.read()).value, '1;')
      turns.resolve()
      let rest = ''
      for (let next = await reader.read(); !next.done; next = await reader.read()) rest += next.value
      assert.equal(rest, '2;3;')
    })

    it('sets two cookies', async () => {
      const response = await fetch(`${base}/cookies`)
      assert.deepEqual(response.headers.getSetCookie(), ['a=1; Path=/; HttpOnly', 'b=2; Path=/'])
      assert.equal(response.headers.get('content-length'), '3')
      assert.equal(await response.text(), 'two')
    })

    it('has no body where there is none', async () => {
      const empty = await send(`${base}/empty`)
      assert.deepEqual([empty.status, empty.text, framing(empty)], [204, '', 'none'])
      const same = await send(`${base}/same`, { 'if-none-match': '"1"' })
      assert.deepEqual([same.status, same.text, same.headers['etag'], framing(same)], [304, '', '"1"', 'none'])
      const head = await send(`${base}/large`, {}, 'HEAD')
      assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(LARGE)])
    })

    it('is asked for what the client asked for', async () => {
      const response = await fetch(`${base}/query?a=1&a=2&b=%20%2F%C3%A9&c`)
      const expected = {
        path: '/query',
        query: { a: ['1', '2'], b: [' /é'], c: [''] },
        raw: '?a=1&a=2&b=%20%2F%C3%A9&c',
      }
      assert.deepEqual(await response.json(), expected)
      const moved = await fetch(`${base}/moved`, { redirect: 'manual' })
      assert.deepEqual([moved.status, moved.headers.get('location')], [308, '/there'])
      assert.equal((await fetch(`${base}/nowhere`)).status, 404)
      assert.equal((await fetch(`${base}/query`, { method: 'DELETE' })).status, 404)
      const failed = await fetch(`${base}/throws`)
      assert.deepEqual([failed.status, await failed.text()], [500, 'failed: told to'])
    })

    it('sends trailers', async () => {
      const { text, raw } = await send(`${base}/trailers`)
      assert.deepEqual([text, raw.trailers], ['counted', { 'x-count': '7' }])
    })

    it('sends 100 MiB, all of it', { timeout: 30_000 }, async () => {
      const response = await fetch(`${base}/large`)
      assert.equal(response.headers.get('content-length'), String(LARGE))
      const hash = createHash('sha256')
      for await (const chunk of response.body ?? []) hash.update(chunk)
      assert.equal(hash.digest('hex'), largeDigest())
    })
  })
}

interface Answer {
  readonly status: number | undefined
  readonly text: string
  readonly headers: IncomingMessage['headers']
  readonly raw: IncomingMessage
}

/** With Node's own client, because it shows what `fetch` hides. */
function send(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: new Agent() }, (raw) => {
      let text = ''
      raw.on('data', (chunk: Buffer) => (text += chunk.toString()))
      raw.on('end', () => resolve({ status: raw.statusCode, text, headers: raw.headers, raw }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

function framing({ headers }: Answer): string {
  return headers['transfer-encoding'] ?? headers['content-length'] ?? 'none'
}

function largeDigest(): string {
  const hash = createHash('sha256')
  for (let i = 0; i < LARGE / block.byteLength; i++) hash.update(block)
  return hash.digest('hex')
}
