import { openDatabase, type Database } from '@warren/database'
import { handler, type RunningService } from '@warren/mesh'
import type { Config } from './config.ts'

export interface Context {
  readonly db: Database['db']
}

export const handle = handler<Context>()

export async function openContext(config: Config, service: RunningService): Promise<Context> {
  const { db } = await openDatabase(
    { databaseUrl: config.databaseUrl, schema: 'files', migrations: new URL('../drizzle/', import.meta.url) },
    service,
  )
  return { db }
}
