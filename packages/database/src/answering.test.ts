import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answering } from './answering.ts'
import { connect } from './connect.ts'
import { isDatabaseDown } from './errors.ts'
import { temporary } from './support/sample.ts'

test('a client that does not answer is given up for a new one', async () => {
  const { databaseUrl } = await temporary()
  let opened = 0
  const client = answering(() => {
    opened++
    return connect(databaseUrl, 'public', { max: 1 })
  }, 500)
  const failure = await client.ask(async (sql) => sql`select pg_sleep(10)`).catch((error: unknown) => error)
  assert.ok(isDatabaseDown(failure), String(failure))
  assert.deepEqual([...(await client.ask(async (sql) => sql`select 1 as one`))], [{ one: 1 }])
  assert.equal(opened, 2)
  await client.close()
})
