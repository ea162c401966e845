import postgres from 'postgres'

/** A client for one schema: unqualified names in raw SQL mean this schema's tables. */
export function connect(databaseUrl: string, schema: string, options: postgres.Options<{}>): postgres.Sql {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(schema)) throw new TypeError(`"${schema}" is no name of a schema`)
  return postgres(databaseUrl, {
    connect_timeout: 5,
    idle_timeout: 60,
    // The default grows to 20 s, and callers would wait that long to hear that the database is down.
    backoff: (failures: number) => Math.min(2 ** failures / 100, 0.25) * (0.5 + Math.random() / 2),
    onnotice: () => {},
    ...options,
    connection: {
      application_name: `warren-${schema}`,
      search_path: schema,
      statement_timeout: 15_000,
      lock_timeout: 5_000,
      idle_in_transaction_session_timeout: 15_000,
      ...options.connection,
    },
  })
}
