import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { serveHttp, type AppBindings, type Mesh } from '@warren/mesh'
import { Hono } from 'hono'

/** What the app has seen and done. */
export interface Watched {
  readonly requests: Request[]
  /** Bytes of bodies that it has made */
  produced: number
}

/** Serves an app with something of everything. */
export async function serveSampler(mesh: Mesh, name: string): Promise<Watched> {
  const watched: Watched = { requests: [], produced: 0 }
  const app = new Hono<{ Bindings: AppBindings }>()
  app.use(async (c, next) => {
    watched.requests.push(c.req.raw)
    await next()
  })
  app.get('/hello', (c) => c.text('hello'))
  app.get('/endless', (c) => {
    const block = new Uint8Array(65_536)
    const body = new ReadableStream({
      pull(controller) {
        watched.produced += block.byteLength
        controller.enqueue(block)
      },
    })
    return c.body(body)
  })
  app.get('/large', (c) => {
    let left = 100 * 1_048_576
    const block = new Uint8Array(65_536)
    const body = new ReadableStream({
      pull(controller) {
        watched.produced += block.byteLength
        left -= block.byteLength
        controller.enqueue(block)
        if (left === 0) controller.close()
      },
    })
    return c.body(body, 200, { 'content-length': String(left) })
  })
  app.post('/digest', async (c) => {
    const hash = createHash('sha256')
    let count = 0
    for await (const chunk of c.req.raw.body ?? []) {
      hash.update(chunk)
      count += chunk.byteLength
    }
    return c.json({ count, sha256: hash.digest('hex') })
  })
  app.post('/echo', (c) => new Response(c.req.raw.body))
  app.post('/refuse', (c) => c.text('no', 413))
  app.post('/never', () => new Promise(() => {}))
  app.post('/slow', async (c) => {
    for (let s = 0; s < 6; s++) {
      await wait(1_000)
      c.env.outgoing.writeProcessing()
    }
    return c.text('done')
  })
  app.all('/headers', (c) => {
    const headers = new Headers({
      empty: '',
      latin: 'caf\u00e9',
      big: 'b'.repeat(32_768),
      connection: 'x-hop',
      'x-hop': '1',
    })
    headers.append('set-cookie', 'a=1; Path=/')
    headers.append('set-cookie', 'b=2')
    return new Response(JSON.stringify([...c.req.raw.headers]), { headers })
  })
  app.get(
    '/none/:status',
    (c) => new Response(null, { status: Number(c.req.param('status')), headers: { etag: '"e"' } }),
  )
  app.get('/hints', async (c) => {
    c.env.outgoing.writeEarlyHints({ link: '</a.css>; rel=preload' })
    await wait(20)
    return c.text('late')
  })
  app.get('/trailers', (c) => {
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('sum'))
        await wait(20)
        c.env.outgoing.addTrailers({ 'x-sum': '42' })
        controller.close()
      },
    })
    return new Response(body)
  })
  await serveHttp(mesh, name, app.fetch).up
  return watched
}
