import { openDatabase, openRelay, type Database, type Relay } from '@warren/database'
import { handler, type RunningService } from '@warren/mesh'
import type { Config } from './config.ts'
import { publishTo } from './events.ts'
import { openTokens, type Tokens } from './tokens.ts'

export interface Context {
  readonly db: Database['db']
  /** To be woken after a commit that wrote to the outbox. */
  readonly relay: Relay
  readonly tokens: Tokens
}

export const handle = handler<Context>()

export async function openContext(config: Config, service: RunningService): Promise<Context> {
  const database = await openDatabase(
    { databaseUrl: config.databaseUrl, schema: 'registry', migrations: new URL('../drizzle/', import.meta.url) },
    service,
  )
  return {
    db: database.db,
    relay: openRelay(database, service, publishTo(service.mesh)),
    tokens: await openTokens(database.db, config.tokenTtlS),
  }
}
