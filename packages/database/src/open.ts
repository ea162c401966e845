import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'
import { connect } from './connect.ts'
import type { Host } from './host.ts'
import { openProbe } from './probe.ts'
import { migrate } from './migrate.ts'
import { untilReachable } from './wait.ts'

export interface DatabaseOptions {
  readonly databaseUrl: string
  readonly schema: string
  /** Folder of the migrations that drizzle-kit wrote, applied before the database is handed out. */
  readonly migrations: URL
  /** Of each of the two clients, 8 unless told. */
  readonly maxConnections?: number
}

export interface Database {
  readonly schema: string
  /** For SQL by hand. A client of its own, as drizzle replaces the parsers of dates and JSON in the one it gets. */
  readonly sql: Sql
  readonly db: PostgresJsDatabase
}

/** Waits for the database, brings the schema up to date, and keeps readiness informed until the service stops. */
export async function openDatabase(options: DatabaseOptions, service: Host): Promise<Database> {
  const { databaseUrl, schema, migrations, maxConnections: max = 8 } = options
  const probe = openProbe(databaseUrl, schema)
  service.release('database probe', probe.close)
  let step: string | undefined = 'the database to accept connections'
  service.check('database', async () => {
    const answer = await probe.ask()
    return answer === true ? (step ?? true) : answer
  })

  await untilReachable(service, async () => {
    step = 'the migrations of its schema'
    const applied = await migrate(databaseUrl, migrations, schema, service.signal)
    if (applied > 0) service.log.info({ schema, applied }, 'migrations applied')
  })
  step = undefined

  const sql = connect(databaseUrl, schema, { max })
  const wrapped = connect(databaseUrl, schema, { max })
  service.release('database', async () => {
    // Bounded, as the driver waits in vain for statements that went down with their connection.
    await Promise.all([sql.end({ timeout: 1 }), wrapped.end({ timeout: 1 })])
  })
  return { schema, sql, db: drizzle(wrapped, { casing: 'snake_case' }) }
}
