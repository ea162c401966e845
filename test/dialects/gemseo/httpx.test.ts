import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { it } from 'node:test'
import { formBody, jsonBody, multipartBody, openHttpx, type Httpx } from './httpx.ts'

// The replica says on the wire what httpx says there.

/** The bytes of one request. */
async function heard(ask: (http: Httpx) => Promise<unknown>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const server = createServer((socket: Socket) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const [head = '', body] = text.split('\r\n\r\n', 2)
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (body === undefined || text.length < head.length + 4 + length) return
      resolve(text)
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const http = openHttpx(`http://127.0.0.1:${port}`)
  await ask(http)
  http.close()
  server.close()
  return (await promise).replaceAll(String(port), 'PORT')
}

const standard = [
  'Host: 127.0.0.1:PORT',
  'Accept: */*',
  'Accept-Encoding: gzip, deflate',
  'Connection: keep-alive',
  'User-Agent: python-httpx/0.28.1',
]

it('a poll', async () => {
  const path = '/v1/job/1?long_polling=True&long_polling_timeout=10.0'
  const request = [`GET ${path} HTTP/1.1`, ...standard, 'Authorization: Bearer T', '', '']
  assert.equal(await heard((http) => http('GET', path, 'T')), request.join('\r\n'))
})

it('a form, and JSON', async () => {
  const form = ['Content-Length: 35', 'Content-Type: application/x-www-form-urlencoded', '']
  const fields = { username: 'ada', password: 'correct horse' }
  assert.equal(
    await heard((http) => http('POST', '/token', undefined, formBody(fields))),
    ['POST /token HTTP/1.1', ...standard, ...form, 'username=ada&password=correct+horse'].join('\r\n'),
  )
  const json = ['Authorization: Bearer T', 'Content-Length: 9', 'Content-Type: application/json', '', '{"a":1.0}']
  assert.equal(
    await heard((http) => http('POST', '/v1/x', 'T', jsonBody('{"a":1.0}'))),
    ['POST /v1/x HTTP/1.1', ...standard, ...json].join('\r\n'),
  )
})

it('a chunk of a file', async () => {
  const body = multipartBody({ total_chunks: '2', chunk_number: '1' }, { name: 'a.json', bytes: Buffer.from('{}') })
  const boundary = body.type.slice(body.type.indexOf('=') + 1)
  assert.match(boundary, /^[0-9a-f]{32}$/)
  const parts = [
    `--${boundary}`,
    'Content-Disposition: form-data; name="total_chunks"',
    '',
    '2',
    `--${boundary}`,
    'Content-Disposition: form-data; name="chunk_number"',
    '',
    '1',
    `--${boundary}`,
    'Content-Disposition: form-data; name="files"; filename="a.json"',
    'Content-Type: application/json',
    '',
    '{}',
    `--${boundary}--`,
    '',
  ]
  assert.equal(body.bytes.toString(), parts.join('\r\n'))
})
