import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'
import { execute, until, isFinal, type StatusInfo } from './client.ts'

const origin = await startOrigin()
const stack = await startStack({ env: { REFERENCE_ORIGINS: origin.url } })
after(async () => {
  await stack.close()
  origin.close()
})
const http = await createHttp(stack.url)
const byReference = (path: string, more: object = {}) => ({
  inputs: { text: { href: `${origin.url}${path}`, ...more } },
})

describe('req/core/process-execute-inputs: by reference', () => {
  it('reads text', async () => {
    const answer = await execute(http, 'echo', byReference('/text'))
    assert.deepEqual([answer.status, answer.json()], [200, { text: 'from afar' }])
  })

  it('reads JSON, numbers as they are written', async () => {
    const x = { href: `${origin.url}/vector.json`, type: 'application/json' }
    const answer = await execute(http, 'SellarSystem', { inputs: { x_shared: x } })
    assert.equal(answer.status, 200)
  })

  it('keeps what it read with an asynchronous job', async () => {
    const answer = await execute(http, 'echo', byReference('/text'), { prefer: 'respond-async' })
    assert.equal(answer.status, 201)
    const { jobID } = answer.json<StatusInfo>()
    await until(http, jobID, isFinal)
    assert.deepEqual((await http(`/jobs/${jobID}/results`)).json(), { text: 'from afar' })
  })

  for (const [what, path] of [
    ['an address that is not allowed', 'http://127.0.0.1:9/text'],
    ['no address', 'nonsense'],
    ['a file of the machine', 'file:///etc/hostname'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const answer = await execute(http, 'echo', { inputs: { text: { href: path } } })
      assert.equal(answer.status, 400)
      assert.equal(answer.json<{ errors: { pointer: string }[] }>().errors[0]?.pointer, '/inputs/text/href')
    })
  }

  it('refuses what is too large, missing, moved or not what it says', async () => {
    for (const path of ['/huge', '/missing', '/moved', '/broken.json']) {
      assert.equal((await execute(http, 'echo', byReference(path))).status, 400, path)
    }
    assert.equal(origin.asked('/text-after-move'), 0)
  })
})

async function startOrigin() {
  const asked = new Map<string, number>()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.set(path, (asked.get(path) ?? 0) + 1)
    if (path === '/text') return response.setHeader('content-type', 'text/plain').end('from afar')
    if (path === '/vector.json') return response.setHeader('content-type', 'application/json').end('[5.0, 2.0]')
    if (path === '/broken.json') return response.setHeader('content-type', 'application/json').end('{')
    if (path === '/huge') return response.end('x'.repeat(2_000_000))
    if (path === '/moved') return response.writeHead(302, { location: '/text-after-move' }).end()
    return response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, asked: (path: string) => asked.get(path) ?? 0, close: () => server.close() }
}
