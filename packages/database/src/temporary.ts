import { randomBytes } from 'node:crypto'
import postgres from 'postgres'

/** A database of its own for a test, on the server of `databaseUrl`, whose user may create databases. */
export async function temporaryDatabase(databaseUrl: string): Promise<{ databaseUrl: string; drop(): Promise<void> }> {
  const name = `warren_test_${randomBytes(6).toString('hex')}`
  await admin((sql) => sql`create database ${sql(name)}`)
  const url = new URL(databaseUrl)
  url.pathname = `/${name}`
  return {
    databaseUrl: url.href,
    drop: () => admin((sql) => sql`drop database if exists ${sql(name)} with (force)`),
  }

  async function admin(statement: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
    const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
    try {
      await statement(sql)
    } finally {
      await sql.end()
    }
  }
}
