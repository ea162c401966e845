import { catalogue, WarrenError, type Problem } from '@warren/contracts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createApp } from './app.ts'
import { fakeContext } from './support/fake-context.ts'

type Fakes = Parameters<typeof fakeContext>[0]

async function ask(path: string, init: RequestInit = {}, fakes: Fakes = {}): Promise<Response> {
  return createApp(fakeContext(fakes)).request(path, init)
}

async function problemOf(response: Response): Promise<Problem> {
  return (await response.json()) as Problem
}

describe('problems', () => {
  it('have a type that is served, and say where they happened', async () => {
    const response = await ask('/nothing/here')
    assert.equal(response.status, 404)
    assert.equal(response.headers.get('content-type'), 'application/problem+json')
    const problem = await problemOf(response)
    assert.equal(problem.type, 'http://localhost/problems/not-found')
    assert.equal(problem.instance, 'http://localhost/nothing/here')
    assert.equal((await ask(new URL(problem.type).pathname)).status, 200)
    assert.equal((await ask('/problems/unheard-of')).status, 404)
    const { problems } = (await (await ask('/problems')).json()) as { problems: unknown[] }
    assert.equal(problems.length, Object.keys(catalogue).length)
  })

  it('come as application/json to those who accept nothing else', async () => {
    const typeFor = async (accept: string): Promise<string | null> => {
      return (await ask('/nothing', { headers: { accept } })).headers.get('content-type')
    }
    assert.equal(await typeFor('application/json'), 'application/json')
    assert.equal(await typeFor('application/json;q=0.9'), 'application/json')
    assert.equal(await typeFor('application/json, */*'), 'application/problem+json')
    assert.equal(await typeFor('application/problem+json, application/json'), 'application/problem+json')
  })

  it('leak nothing, and are found in the log by their supportId', async () => {
    const lines: object[] = []
    const response = await ask(
      '/jobs/J1',
      {},
      {
        executor: { getJob: () => Promise.reject(new Error('secret at /home/me')) },
        logged: (line) => lines.push(line),
      },
    )
    assert.equal(response.status, 500)
    const text = await response.text()
    assert.doesNotMatch(text, /secret|home/)
    const { supportId, code } = JSON.parse(text) as Problem
    assert.equal(code, 'INTERNAL')
    assert.equal((lines[0] as { supportId: string }).supportId, supportId)
  })

  it('tell when to try again', async () => {
    const response = await ask(
      '/jobs',
      {},
      {
        executor: { listJobs: () => Promise.reject(new WarrenError('UNAVAILABLE', 'full', { retryAfter: 2.5 })) },
      },
    )
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '3'])
  })
})

describe('methods', () => {
  it('405 with Allow on known paths, 204 on OPTIONS, HEAD wherever GET', async () => {
    const put = await ask('/jobs/J1', { method: 'PUT' })
    assert.deepEqual([put.status, put.headers.get('allow')], [405, 'GET, DELETE, HEAD, OPTIONS'])
    assert.equal((await problemOf(put)).code, 'METHOD_NOT_ALLOWED')
    const options = await ask('/processes/echo/execution', { method: 'OPTIONS' })
    assert.deepEqual([options.status, options.headers.get('allow')], [204, 'POST, OPTIONS'])
    const head = await ask('/conformance', { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
  })
})

describe('derived routes', () => {
  it('merge path and query into one input, and name what does not fit', async () => {
    const asked: unknown[] = []
    const registry: NonNullable<Fakes>['registry'] = {
      retireVersion: async (input) => {
        asked.push(input)
        return { version: input.version, digest: 'd', publishedAt: 't', retiredAt: null }
      },
    }
    const good = await ask('/processes/echo/versions/1.0.0', { method: 'DELETE' }, { registry })
    assert.equal(good.status, 200)
    assert.deepEqual(asked, [{ id: 'echo', version: '1.0.0' }])
    const bad = await ask('/processes/echo/versions/one', { method: 'DELETE' }, { registry })
    assert.equal(bad.status, 400)
    assert.equal((await problemOf(bad)).errors?.[0]?.pointer, '/version')
    const unknown = await ask('/executors?verbose=1')
    assert.deepEqual([unknown.status, (await problemOf(unknown)).code], [400, 'BAD_QUERY'])
  })
})

describe('around every request', () => {
  it('keeps a sane request id and replaces others', async () => {
    const idFor = async (id: string): Promise<string | null> => {
      return (await ask('/livez', { headers: { 'x-request-id': id } })).headers.get('x-request-id')
    }
    assert.equal(await idFor('abc-1'), 'abc-1')
    assert.notEqual(await idFor('a b<script>'), 'a b<script>')
  })

  it('lets configured origins read, and no others', async () => {
    const friend = await ask('/livez', { headers: { origin: 'http://friend.example' } })
    assert.equal(friend.headers.get('access-control-allow-origin'), 'http://friend.example')
    const stranger = await ask('/livez', { headers: { origin: 'http://stranger.example' } })
    assert.equal(stranger.headers.get('access-control-allow-origin'), null)
    assert.equal((await ask('/livez', { headers: { host: 'evil.example' } })).status, 403)
  })

  it('says what is not ready', async () => {
    const health = { status: 'waiting' as const, services: {}, waitingFor: ['registry: database (connection refused)'] }
    const response = await ask('/readyz', {}, { health })
    assert.deepEqual([response.status, await response.json()], [503, health])
  })

  it('finds all routes by one expression, not by walking a tree', async () => {
    const app = createApp(fakeContext())
    await app.request('/livez')
    assert.equal(app.router.name, 'SmartRouter + RegExpRouter')
  })
})
