import { WarrenError, type User } from '@warren/contracts'
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createApp } from './app.ts'
import { echo, fakeContext } from './support/fake-context.ts'

const ada: User = {
  id: 'user-7',
  number: 7,
  name: 'ada',
  roles: [],
  disabled: false,
  createdAt: '2026-11-21T09:00:00.000Z',
}

/** A gateway that knows the token `good`, and a registry that says who asked. */
function gateway(requiresToken: boolean, { user = ada, ttlMs = 3_600_000 } = {}) {
  const identified: string[] = []
  const principals: (string | undefined)[] = []
  const app = createApp(
    fakeContext({
      config: { requiresToken },
      registry: {
        identify: async ({ token }) => {
          identified.push(token)
          if (token !== 'good') throw new WarrenError('UNAUTHENTICATED')
          return { user, expiresAt: new Date(Date.now() + ttlMs).toISOString() }
        },
        listProcesses: async (_input, options) => {
          principals.push(options?.principal)
          return { processes: [echo], next: null }
        },
      },
    }),
  )
  const ask = (token?: string, path = '/processes', init: RequestInit = {}): Promise<Response> => {
    const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }) }
    return Promise.resolve(app.request(path, { headers, ...init }))
  }
  return { app, ask, identified, principals }
}

it('knows who asks by the token, and without one it is the local principal on loopback', async () => {
  const { ask, principals, identified } = gateway(false)
  assert.equal((await ask()).status, 200)
  assert.deepEqual(identified, [])
  assert.equal((await ask('good')).status, 200)
  assert.deepEqual(principals, ['local', 'user-7'])
})

it('refuses a token that is none, on loopback too', async () => {
  const { ask, principals } = gateway(false)
  for (const token of ['forged', '', 'good ness', 'x'.repeat(20_000)]) {
    const refused = await ask(token)
    assert.equal(refused.status, 401)
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer')
    assert.equal(((await refused.json()) as { code: string }).code, 'UNAUTHENTICATED')
  }
  assert.deepEqual(principals, [])
})

it('refuses a user who is disabled', async () => {
  const { ask } = gateway(false, { user: { ...ada, disabled: true } })
  assert.equal((await ask('good')).status, 403)
})

it('serves nobody without a token beyond loopback, but health, documents, and the way to a token', async () => {
  const { app, ask } = gateway(true)
  const isOpen = /^\/(livez|readyz|openapi\.json|api|asyncapi\.json|docs|docs\/scalar\.js|problems|token)\/?$/
  const paths = new Set(app.routes.map(({ path }) => path.replaceAll(/:\w+(\{.+?\})?/g, 'x').replace(/\*$/, 'x')))
  assert.ok(paths.size > 50)
  for (const path of paths) {
    const { status } = await ask(undefined, path)
    if (isOpen.test(path) || path.startsWith('/problems/')) assert.notEqual(status, 401, path)
    else if (path.startsWith('/nrp')) assert.ok(status >= 400 || path === '/nrp/version', path)
    else assert.equal(status, 401, path)
  }
  assert.equal((await ask('good')).status, 200)
})

it('answers a page that asks whether it may send a token', async () => {
  const { ask } = gateway(true)
  const preflight = { origin: 'http://friend.example', 'access-control-request-method': 'GET' }
  const answer = await ask(undefined, '/processes', { method: 'OPTIONS', headers: preflight })
  assert.equal(answer.status, 204)
  assert.match(answer.headers.get('access-control-allow-headers') ?? '', /Authorization/)
})

it('asks the registry at most every 30 s, and again when the token ends', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const { ask, identified } = gateway(false)
  await Promise.all([ask('good'), ask('good'), ask('good')])
  t.mock.timers.tick(29_999)
  await ask('good')
  assert.equal(identified.length, 1)
  t.mock.timers.tick(2)
  await ask('good')
  assert.equal(identified.length, 2)

  const short = gateway(false, { ttlMs: 1_000 })
  await short.ask('good')
  t.mock.timers.tick(1_001)
  await short.ask('good')
  assert.equal(short.identified.length, 2)
})

it('does not remember a refusal', async () => {
  const { ask, identified } = gateway(false)
  await ask('forged')
  await ask('forged')
  assert.equal(identified.length, 2)
})
