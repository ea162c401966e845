import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, it } from 'node:test'
import { createApp } from './app.ts'
import { listen } from './server.ts'
import { fakeContext } from './support/fake-context.ts'

let cancelled: Promise<void>
const context = fakeContext({
  executor: {
    execute: (_request, options) => {
      const gone = Promise.withResolvers<void>()
      cancelled = gone.promise
      options?.signal?.addEventListener('abort', () => gone.resolve())
      return new Promise(() => undefined)
    },
    getJob: async () => Promise.reject(new Error('unused')),
  },
})
const server = await listen(createApp(context), context.config, context)
after(() => server.drain())

async function send(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.write(bytes)
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString()))
  await once(socket, 'close')
  return answer
}

it('answers bytes that are no HTTP with a problem', async () => {
  const answer = await send('hello\r\n\r\n')
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/)
  assert.match(await send(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(60_000)}\r\n\r\n`), /^HTTP\/1\.1 431/)
  assert.match(await send('GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 403/)
})

it('stops reading a body that is too large', async () => {
  const chunk = `${(900).toString(16)}\r\n${' '.repeat(900)}\r\n`
  const head = 'POST /processes/echo/execution HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
  assert.match(await send(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`), /^HTTP\/1\.1 413/)
  assert.match(await send(`${head}Content-Length: 5000\r\n\r\n`), /^HTTP\/1\.1 413/)
})

it('cancels the run of a client that goes away', async () => {
  const leaving = new AbortController()
  const url = `${server.url}/processes/echo/execution`
  const asked = fetch(url, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
    signal: leaving.signal,
  })
  setTimeout(() => leaving.abort(), 100)
  await assert.rejects(asked)
  await cancelled
})
