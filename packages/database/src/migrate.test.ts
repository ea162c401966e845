import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { connect } from './connect.ts'
import { migrate } from './migrate.ts'
import { migrations, temporary } from './support/sample.ts'

let server: Awaited<ReturnType<typeof temporary>>
before(async () => (server = await temporary()))
after(() => server.drop())

/** The migrations with a change, in a folder of their own. */
async function changed(name: string, change: (text: string) => string): Promise<AsyncDisposable & { url: URL }> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-migrations-'))
  await cp(migrations, folder, { recursive: true })
  await writeFile(join(folder, name), change(await readFile(join(folder, name), 'utf8')))
  return {
    url: pathToFileURL(`${folder}/`),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

test('instances that start together migrate once', async () => {
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(server.databaseUrl, migrations, 'sample')))
  assert.deepEqual(
    applied.toSorted((a, b) => a - b),
    [0, 0, 0, 0, 2],
  )
  const sql = connect(server.databaseUrl, 'sample', { max: 1 })
  assert.equal((await sql`select from __drizzle_migrations`).length, 2)
  await sql.end()
})

test('code that is older than the data refuses to start', async () => {
  await using older = await changed('meta/_journal.json', (text) => {
    const journal = JSON.parse(text) as { entries: unknown[] }
    return JSON.stringify({ ...journal, entries: journal.entries.slice(0, 1) })
  })
  await assert.rejects(
    migrate(server.databaseUrl, older.url, 'sample'),
    /1 migration\(s\) that this code does not know/,
  )
})

test('a migration that was changed after it had been applied is noticed', async () => {
  await using edited = await changed('0001_second.sql', (text) => text.replace('notes', 'remarks'))
  await assert.rejects(migrate(server.databaseUrl, edited.url, 'sample'), /was changed after/)
})

test('a migration that fails leaves nothing behind', async () => {
  const fresh = await temporary()
  await using broken = await changed('0001_second.sql', (text) => `${text}--> statement-breakpoint\nSELECT nonsense;`)
  await assert.rejects(migrate(fresh.databaseUrl, broken.url, 'sample'))
  assert.equal(await migrate(fresh.databaseUrl, migrations, 'sample'), 2)
  await fresh.drop()
})
