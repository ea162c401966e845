import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { readMigrationFiles, type MigrationMeta } from 'drizzle-orm/migrator'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import type { Sql } from 'postgres'
import { connect } from './connect.ts'

const table = '__drizzle_migrations'

/**
 * Applies the migrations of `folder` that the schema lacks, and tells how many. Instances that start together take
 * turns; the lock is the session's, and ends with the connection at the latest.
 *
 * @throws Error when the schema has migrations that `folder` has not: this code is older than the data
 */
export async function migrate(databaseUrl: string, folder: URL, schema: string, signal?: AbortSignal): Promise<number> {
  const migrationsFolder = fileURLToPath(folder)
  const known = readMigrationFiles({ migrationsFolder })
  const client = connect(databaseUrl, schema, {
    max: 1, // one session has the lock and does the work
    idle_timeout: 0,
    max_lifetime: null,
    connection: { statement_timeout: 0, lock_timeout: 120_000 },
  })
  const stop = () => void client.end({ timeout: 0 })
  signal?.addEventListener('abort', stop)
  try {
    await client`select pg_advisory_lock(hashtextextended(${`warren.migrate.${schema}`}, 0))`
    const before = await appliedTo(client, schema)
    refuseUnknown(schema, before, known)
    await applyMigrations(drizzle(client), { migrationsFolder, migrationsSchema: schema, migrationsTable: table })
    return known.length - before.length
  } finally {
    signal?.removeEventListener('abort', stop)
    await client.end({ timeout: 1 })
  }
}

interface Applied {
  readonly hash: string
  readonly folderMillis: number
}

async function appliedTo(client: Sql, schema: string): Promise<Applied[]> {
  const [found] = await client`select to_regclass(${`${schema}.${table}`}) is not null as "exists"`
  if (!found?.['exists']) return []
  return await client<Applied[]>`
    select hash, created_at::float8 as "folderMillis" from ${client(schema)}.${client(table)} order by created_at
  `
}

function refuseUnknown(schema: string, applied: readonly Applied[], known: readonly MigrationMeta[]): void {
  const hashes = new Map(known.map(({ folderMillis, hash }) => [folderMillis, hash]))
  const newer = applied.filter(({ folderMillis }) => !hashes.has(folderMillis))
  if (newer.length > 0) {
    throw new Error(
      `The schema "${schema}" has ${newer.length} migration(s) that this code does not know: it was written by a newer ` +
        'version. Start that version, or use another database.',
    )
  }
  const changed = applied.find(({ folderMillis, hash }) => hashes.get(folderMillis) !== hash)
  if (changed) {
    const when = new Date(changed.folderMillis).toISOString()
    throw new Error(`A migration of the schema "${schema}", made ${when}, was changed after it had been applied.`)
  }
}
