import { appendFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { run, serveHttp, readMeshConfig } from '@warren/mesh'
import { Hono } from 'hono'
import { environment } from '../../support/env.ts'

/** An app in a process that a test may kill. What it does is told in the file EFFECTS, a line for each. */
const { EFFECTS = '/dev/null', APP = 'x', ...env } = environment()
const app = new Hono()
const tell = (what: string): void => appendFileSync(EFFECTS, `${what} ${env['INSTANCE']}\n`)

app.get('/who', (c) => c.text(env['INSTANCE'] ?? ''))
app.all('/slow/:ms/:what', async (c) => {
  tell(`began ${c.req.param('what')}`)
  await wait(Number(c.req.param('ms')), undefined, { signal: c.req.raw.signal })
  tell(`done ${c.req.param('what')}`)
  return c.text(env['INSTANCE'] ?? '')
})
// begins, and goes on for ever
app.get('/endless', (c) => {
  const length = c.req.query('length')
  const body = new ReadableStream({
    async pull(controller) {
      await wait(20)
      controller.enqueue(new Uint8Array(1_000))
    },
  })
  return new Response(body, { headers: { ...(length && { 'content-length': length }) } })
})

await run('app', readMeshConfig(environment()), async ({ mesh }) => {
  await serveHttp(mesh, APP, app.fetch).up
})
