import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase, readDatabaseConfig, temporaryDatabase } from '@warren/database'
import { blobs, files } from './schema.ts'

test('the migrations make the tables that the schema says, and a file needs its blob', async () => {
  // oxlint-disable-next-line node/no-process-env -- tests have no config.ts
  const server = await temporaryDatabase(readDatabaseConfig(process.env).databaseUrl)
  const releasers: (() => Promise<void> | void)[] = []
  const { db } = await openDatabase(
    { databaseUrl: server.databaseUrl, schema: 'files', migrations: new URL('../../drizzle/', import.meta.url) },
    {
      log: { info: () => {}, warn: () => {} },
      signal: new AbortController().signal,
      check: () => {},
      release: (_name, releaser) => void releasers.push(releaser),
    },
  )
  const digest = 'ab'.repeat(32)
  const file = { id: 'f1', digest, name: 'a.csv', owner: 'me', mediaType: 'text/csv' }
  await assert.rejects(db.insert(files).values(file))
  await db.insert(blobs).values({ digest, size: 5 * 2 ** 40 })
  await db.insert(files).values(file)
  const [blob] = await db.select().from(blobs)
  assert.equal(blob?.size, 5 * 2 ** 40)
  assert.deepEqual(
    (await db.select().from(files)).map(({ expiresAt, name }) => [name, expiresAt]),
    [['a.csv', null]],
  )
  for (const release of releasers.toReversed()) await release()
  await server.drop()
})
