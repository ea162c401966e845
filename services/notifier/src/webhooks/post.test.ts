import assert from 'node:assert/strict'
import dns from 'node:dns/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after, before, it, mock } from 'node:test'
import { parseAllowed } from './allowed.ts'
import { post } from './post.ts'

const seen: IncomingHttpHeaders[] = []
const server = createServer((request, response) => {
  seen.push(request.headers)
  request.resume()
  response.end()
})
let port: number
let addresses: { address: string; family: 4 | 6 }[]

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  mock.method(dns, 'lookup', async () => addresses)
  syncBuiltinESMExports()
})

after(() => {
  mock.restoreAll()
  syncBuiltinESMExports()
  server.close()
})

const hook = (host: string, allow: string) =>
  post(
    { id: 'msg_1', url: `http://${host}:${port}/`, contentType: 'application/json', body: '{}', secret: 'whsec_AAAA' },
    parseAllowed(allow),
    new AbortController().signal,
  )

// `.invalid` has no address, so a second look-up by whoever connects would fail
it('connects to the address that was looked at', async () => {
  addresses = [
    { address: '10.0.0.1', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ]
  assert.deepEqual(await hook('hooks.invalid', '127.0.0.1'), { delivered: true, status: 200, error: null })
  assert.equal(seen[0]?.host, `hooks.invalid:${port}`)
  assert.equal(seen[0]?.['content-length'], '2')
})

it('refuses a name that has private addresses only, for good', async () => {
  addresses = [{ address: '127.0.0.1', family: 4 }]
  const { delivered, status, error, hopeless } = await hook('hooks.invalid', '')
  assert.deepEqual([delivered, status, hopeless], [false, null, true])
  assert.match(error ?? '', /hooks\.invalid is not public/)
  assert.equal((await hook('hooks.invalid', 'hooks.invalid')).delivered, true)
})

it('tries again later when a name has no address now', async () => {
  mock.method(dns, 'lookup', async () => {
    throw new Error('getaddrinfo EAI_AGAIN')
  })
  syncBuiltinESMExports()
  const { delivered, hopeless } = await hook('hooks.invalid', '')
  assert.deepEqual([delivered, hopeless], [false, false])
})
