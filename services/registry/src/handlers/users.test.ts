import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ADMIN, LOCAL } from '@warren/contracts'
import { openStore, type Store } from '../support/store.ts'
import { openTokens } from '../tokens.ts'
import { changeUser } from './changeUser.ts'
import { createUser } from './createUser.ts'
import { identify } from './identify.ts'
import { listUsers } from './listUsers.ts'
import { logIn } from './logIn.ts'

let store: Store
before(async () => (store = await openStore()))
after(() => store[Symbol.asyncDispose]())

const password = 'correct horse'
const refused = { code: 'UNAUTHENTICATED' }

async function user(name: string) {
  return await store.call(createUser, { name, password, roles: [] })
}

test('a user logs in, and the token says who it is', async () => {
  const ada = await user('ada')
  assert.match(ada.id, /^user-\d+$/)
  assert.ok(Number.isInteger(ada.number))
  const { token, expiresAt } = await store.call(logIn, { name: 'ada', password })
  assert.deepEqual(await store.call(identify, { token }), { user: ada, expiresAt })
  await assert.rejects(store.call(logIn, { name: 'ada', password: 'wrong horse' }), refused)
  await assert.rejects(store.call(logIn, { name: 'nobody', password }), refused)
  await assert.rejects(store.call(createUser, { name: 'ada', password, roles: [] }), { code: 'CONFLICT' })
})

test('no password is stored, and no two hashes are the same', async () => {
  await user('twin-1')
  await user('twin-2')
  const rows = await store.sql`select password_hash as hash from users where name like 'twin-%'`
  const hashes = rows.map(({ hash }) => hash as string)
  assert.notEqual(hashes[0], hashes[1])
  for (const hash of hashes) assert.match(hash, /^\$scrypt\$ln=15,r=8,p=3\$[\w+/]{22}\$[\w+/]{43}$/)
})

test('users are the business of administrators', async () => {
  const asked = { name: 'eve', password, roles: [ADMIN] }
  const eve = { principal: 'user-99', roles: ['user'] }
  await assert.rejects(store.call(createUser, asked, eve), { code: 'FORBIDDEN' })
  await assert.rejects(store.call(listUsers, {}, eve), { code: 'FORBIDDEN' })
  await assert.rejects(store.call(changeUser, { name: 'ada', roles: [ADMIN] }, eve), { code: 'FORBIDDEN' })
  await store.call(createUser, asked, { principal: 'user-98', roles: [ADMIN] })
  await store.call(listUsers, {}, { principal: LOCAL, roles: [] })
})

test('who is disabled cannot log in, and his token says so', async () => {
  await user('gone')
  const { token } = await store.call(logIn, { name: 'gone', password })
  await store.call(changeUser, { name: 'gone', disabled: true })
  assert.equal((await store.call(identify, { token })).user.disabled, true)
  await assert.rejects(store.call(logIn, { name: 'gone', password }), refused)
  await store.call(changeUser, { name: 'gone', disabled: false })
  await store.call(logIn, { name: 'gone', password })
  await assert.rejects(store.call(changeUser, { name: 'never', disabled: true }), { code: 'NO_SUCH_USER' })
})

test('another password ends all tokens of before', async () => {
  await user('careful')
  const { token } = await store.call(logIn, { name: 'careful', password })
  await store.call(changeUser, { name: 'careful', password: 'another horse' })
  await assert.rejects(store.call(identify, { token }), refused)
  await assert.rejects(store.call(logIn, { name: 'careful', password }), refused)
  const again = await store.call(logIn, { name: 'careful', password: 'another horse' })
  await store.call(identify, { token: again.token })
})

test('ten failures in a minute, then not even the right password, until the minute is over', async () => {
  await user('target')
  await user('other')
  const wrong = await Promise.allSettled(
    Array.from({ length: 14 }, () => store.call(logIn, { name: 'target', password: 'a guess' })),
  )
  const codes = wrong.map((one) => ((one as PromiseRejectedResult).reason as { code: string }).code)
  assert.equal(codes.filter((code) => code === 'UNAUTHENTICATED').length, 10)
  assert.equal(codes.filter((code) => code === 'TOO_MANY_ATTEMPTS').length, 4)
  await assert.rejects(
    store.call(logIn, { name: 'target', password }),
    (error: { details: { retryAfter: number } }) => {
      assert.ok(error.details.retryAfter > 0 && error.details.retryAfter <= 60)
      return true
    },
  )
  await store.call(logIn, { name: 'other', password })
  await store.sql`update failed_log_ins set since = now() - interval '61 seconds' where name = 'target'`
  await store.call(logIn, { name: 'target', password })
  await assert.rejects(store.call(logIn, { name: 'someone', password }), refused)
  assert.equal((await store.sql`select from failed_log_ins where name = 'target'`).length, 0)
})

test('a password may be typed in more than one way', async () => {
  await store.call(createUser, { name: 'zoe', password: 'Zo\u00eb and Zo\u00eb', roles: [] })
  await store.call(logIn, { name: 'zoe', password: 'Zoe\u0308 and Zoe\u0308' })
})

test('all instances share one key, and a token of another key is none', async () => {
  const [one, two] = await Promise.all([openTokens(store.db, 60), openTokens(store.db, 60)])
  const { token } = await one.issue({ number: 3, generation: 0 })
  assert.equal((await two.read(token))?.number, 3)
  await store.sql`delete from token_key`
  const three = await openTokens(store.db, 60)
  assert.equal(await three.read(token), undefined)
})

test('pages of users follow each other by name', async () => {
  const all = (await store.call(listUsers, {})).users.map(({ name }) => name)
  const first = await store.call(listUsers, { limit: 2 })
  const second = await store.call(listUsers, { limit: 1_000, after: first.next as string })
  assert.deepEqual(
    [...first.users, ...second.users].map(({ name }) => name),
    all,
  )
  assert.equal(second.next, null)
})
