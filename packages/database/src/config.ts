export interface DatabaseConfig {
  readonly databaseUrl: string
}

/** @throws TypeError when `DATABASE_URL` is missing or no URL of a Postgres database */
export function readDatabaseConfig(env: NodeJS.ProcessEnv): DatabaseConfig {
  const databaseUrl = env['DATABASE_URL']
  if (!databaseUrl || !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new TypeError('DATABASE_URL must be set, like postgres://user:password@host:5432/database')
  }
  return { databaseUrl }
}
