import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { WarrenError } from '@warren/contracts'
import { sql as fragment } from 'drizzle-orm'
import { asWarrenError, isDatabaseDown } from './errors.ts'
import { openDatabase } from './open.ts'
import { createHost } from './support/host.ts'
import { openProxy } from './support/proxy.ts'
import { migrations, openSample, temporary } from './support/sample.ts'

const failureOf = (work: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(work).then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error,
  )

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    assert.ok(tries < 100, 'it did not come true within 5 s')
    await delay(50)
  }
}

test('raw SQL and drizzle find the tables of the schema', async () => {
  await using sample = await openSample()
  const { sql, db } = sample.database
  await sql`insert into notes values ('a')`
  assert.deepEqual([...(await db.execute(fragment`select text from notes`))], [{ text: 'a' }])
  const [{ now } = { now: undefined }] = await sql`select now()`
  assert.ok(now instanceof Date, 'drizzle has not replaced the parsers of the plain client')
})

test('a database that comes late is waited for', async () => {
  const server = await temporary()
  const proxy = await openProxy(server.databaseUrl)
  await proxy.shut()
  const host = createHost()
  const opening = openDatabase({ databaseUrl: proxy.databaseUrl, schema: 'sample', migrations }, host)
  await until(async () => host.warnings.length > 1)
  assert.equal(await host.checks.get('database')?.(), 'the database to accept connections')
  await proxy.open()
  const { sql } = await opening
  assert.equal((await sql`select 1 as one`)[0]?.['one'], 1)
  await until(async () => (await host.checks.get('database')?.()) === true)
  await host.stop()
  await proxy.shut()
  await server.drop()
})

test('waiting ends when the service stops', async () => {
  const host = createHost()
  const opening = openDatabase(
    { databaseUrl: 'postgres://nobody@127.0.0.1:1/none', schema: 'sample', migrations },
    host,
  )
  const failure = failureOf(opening)
  await until(async () => host.warnings.length > 0)
  await host.stop()
  assert.equal(((await failure) as Error).name, 'AbortError')
})

test('a database that does not exist is no matter of waiting', async () => {
  const server = await temporary()
  await server.drop()
  const host = createHost()
  await assert.rejects(openDatabase({ databaseUrl: server.databaseUrl, schema: 'sample', migrations }, host), {
    code: '3D000',
  })
  await host.stop()
})

test('an outage is UNAVAILABLE to callers, shows in readiness, and passes', async () => {
  await using sample = await openSample()
  const { host, proxy, database } = sample
  const { sql, db } = database
  await sql`select 1`
  assert.equal(await host.checks.get('database')?.(), true)

  const underWay = failureOf(sql`select pg_sleep(10)`)
  await delay(50)
  await proxy.shut()
  for (const error of [
    await underWay,
    await failureOf(sql`select 1`),
    await failureOf(db.execute(fragment`select 1`)),
    await failureOf(db.transaction((transaction) => transaction.execute(fragment`select 1`))),
  ]) {
    const translated = asWarrenError(error)
    assert.ok(translated instanceof WarrenError, String(error))
    assert.equal(translated.code, 'UNAVAILABLE')
    assert.equal(translated.details.retryAfter, 1)
  }
  await until(async () => (await host.checks.get('database')?.()) !== true)

  await proxy.open()
  await until(async () => (await host.checks.get('database')?.()) === true)
  assert.equal((await sql`select 1 as one`)[0]?.['one'], 1)
  assert.equal((await db.execute(fragment`select 1 as one`))[0]?.['one'], 1)
})

test('defects stay defects, and other sockets are not the database', async () => {
  await using sample = await openSample()
  const { sql, db } = sample.database
  assert.equal(asWarrenError(await failureOf(sql`select nonsense`)), undefined)
  assert.equal(asWarrenError(await failureOf(db.execute(fragment`select nonsense`))), undefined)
  assert.equal(asWarrenError(await failureOf(sql`select ${'\0'}::text`))?.code, 'BAD_INPUT')
  assert.equal(isDatabaseDown(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })), false)
  const [killed] = await Promise.all([
    failureOf(sql`select pg_sleep(10)`),
    delay(100).then(() =>
      db.execute(fragment`
      select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()`),
    ),
  ])
  assert.equal(asWarrenError(killed)?.code, 'UNAVAILABLE')
})
