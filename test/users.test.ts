import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, it } from 'node:test'
import { joinMesh, serveHttp } from '@warren/mesh'
import postgres from 'postgres'
import { recordingLog } from './support/mesh.ts'
import { startPlatform } from './support/platform.ts'

const { stack, http } = await startPlatform({ env: { EXPOSE_APPS: 'mirror' } })
const sql = postgres(stack.databaseUrl, { max: 1, onnotice: () => {} })
after(() => sql.end())

const password = 'correct horse'

async function createUser(name: string, roles: string[] = []): Promise<void> {
  assert.equal((await http('/users', { method: 'POST', json: { name, password, roles } })).status, 201)
}

async function logIn(username: string): Promise<{ authorization: string }> {
  const answer = await fetch(`${stack.url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ username, password }),
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return { authorization: `Bearer ${token}` }
}

it('the operator of the machine creates the first users, and sees no password of them', async () => {
  const created = await http('/users', { method: 'POST', json: { name: 'first', password } })
  assert.equal(created.status, 201)
  assert.deepEqual(Object.keys(created.json()), ['id', 'number', 'name', 'roles', 'disabled', 'createdAt'])
  assert.equal((await http('/users', { method: 'POST', json: { name: 'first', password } })).status, 409)
  assert.equal((await http('/users', { method: 'POST', json: { name: 'weak', password: 'short' } })).status, 400)
  assert.equal((await http('/users', { method: 'POST', json: { name: '../etc', password } })).status, 400)
  const { users } = (await http('/users')).json<{ users: { name: string }[] }>()
  assert.ok(users.some(({ name }) => name === 'first'))
})

it('jobs and files belong to who has shown a token, and are nobody else’s business', async () => {
  await createUser('ada')
  await createUser('bob')
  const [ada, bob] = [await logIn('ada'), await logIn('bob')]
  const run = { method: 'POST', json: { inputs: { text: 'hers' } }, headers: { ...ada, prefer: 'respond-async' } }
  const accepted = await http('/processes/echo/execution', run)
  assert.equal(accepted.status, 201)
  const job = new URL(accepted.headers.get('location') as string).pathname
  const stored = await http('/files', { method: 'POST', body: 'hers', headers: ada })
  const file = `/files/${stored.json<{ id: string }>().id}`
  for (const path of [job, file]) {
    assert.equal((await http(path, { headers: ada })).status, 200, path)
    assert.equal((await http(path, { headers: bob })).status, 404, path)
    assert.equal((await http(path)).status, 200, path)
  }
  const listed = (await http('/jobs', { headers: bob })).json<{ jobs: unknown[] }>()
  assert.deepEqual(listed.jobs, [])
})

it('only administrators manage users', async () => {
  await createUser('plain')
  await createUser('chief', ['admin'])
  const plain = await logIn('plain')
  assert.equal((await http('/users', { headers: plain })).status, 403)
  const grab = { method: 'PATCH', json: { roles: ['admin'] }, headers: plain }
  assert.equal((await http('/users/plain', grab)).status, 403)
  assert.equal((await http('/users', { headers: await logIn('chief') })).status, 200)
  assert.equal((await http('/users/plain', { method: 'PATCH', json: { disabled: true } })).status, 200)
  assert.equal((await http('/users/nobody', { method: 'PATCH', json: { disabled: true } })).status, 404)
})

it('tokens of another key, without a signature, and those whose time is over, are refused', async () => {
  const [{ number }] = (await sql`insert into registry.users (name, password_hash, roles) values ('forged', '', '{}')
    returning number`) as unknown as [{ number: number }]
  const [{ key }] = (await sql`select key from registry.token_key`) as unknown as [{ key: string }]
  const secret = Buffer.from(key, 'base64')
  const now = Math.floor(Date.now() / 1_000)
  const claims = { sub: `user-${number}`, gen: 0, exp: now + 60 }
  const forgeries: [what: string, token: string, status: number][] = [
    ['right', sign(claims, secret), 200],
    ['expired', sign({ ...claims, exp: now - 1 }, secret), 401],
    ['without an end', sign({ sub: claims.sub, gen: 0 }, secret), 401],
    ['of another key', sign(claims, Buffer.from('secret')), 401],
    ['of a public default', sign(claims, Buffer.alloc(32)), 401],
    ['of a user who is not there', sign({ ...claims, sub: 'user-99999' }, secret), 401],
    ['of the local principal', sign({ ...claims, sub: 'local' }, secret), 401],
    ['without a signature', sign(claims, undefined), 401],
    ['that is none', 'x', 401],
    ['that is empty', '', 401],
    ['that is long', 'x'.repeat(20_000), 401],
  ]
  for (const [what, token, status] of forgeries) {
    const answer = await http('/jobs', { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, status, what)
    if (status === 401) assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
  }
})

it('an app without a port is told who asks, and does not get the token', async () => {
  const mesh = joinMesh('mirror', 'i1', stack.amqpUrl, recordingLog())
  try {
    await serveHttp(mesh, 'mirror', (request) => {
      const { headers } = request
      return Response.json([headers.get('authorization'), headers.get('warren-principal')])
    }).up
    await createUser('guest')
    const seen = await (await fetch(`${stack.url}/apps/mirror/`, { headers: await logIn('guest') })).json()
    assert.equal((seen as unknown[])[0], null)
    assert.match((seen as string[])[1] as string, /^user-\d+$/)
    const own = await fetch(`${stack.url}/apps/mirror/`, { headers: { authorization: 'Basic eDp5' } })
    assert.deepEqual(await own.json(), ['Basic eDp5', 'local'])
  } finally {
    await mesh.close()
  }
})

it('the documents say how to show who asks', async () => {
  const { security, components } = (await http('/openapi.json')).json<{
    security: unknown[]
    components: { securitySchemes: Record<string, unknown> }
  }>()
  assert.deepEqual(security, [{ bearer: [] }, {}])
  assert.deepEqual(components.securitySchemes['bearer'], { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
})

function sign(claims: object, secret: Buffer | undefined): string {
  const text = [{ alg: secret ? 'HS256' : 'none', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${secret ? createHmac('sha256', secret).update(text).digest('base64url') : ''}`
}
