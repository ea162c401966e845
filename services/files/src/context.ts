import { join } from 'node:path'
import { openDatabase, openRelay, type Database, type Relay } from '@warren/database'
import { handler, type Logger, type RunningService } from '@warren/mesh'
import type { Config, Limits } from './config.ts'
import { publishTo } from './events.ts'
import { measureFiles } from './metrics.ts'
import { storeId } from './db/store-id.ts'
import { openDiskStore } from './store/disk.ts'
import { openSpool, type Spool } from './store/spool.ts'
import type { Store } from './store/store.ts'
import { sweepRegularly } from './sweeper.ts'
import { createSessions, type Sessions } from './uploads/sessions.ts'

export interface Context {
  readonly db: Database['db']
  readonly store: Store
  readonly spool: Spool
  readonly sessions: Sessions
  readonly limits: Limits
  readonly retentionMs: number
  readonly uploadTtlMs: number
  readonly log: Pick<Logger, 'error' | 'info' | 'warn'>
  /** To be woken after a commit that wrote to the outbox. */
  readonly relay: Relay
}

export const handle = handler<Context>()

/** Opens the database and the store, and removes what a crash has left there. */
export async function openContext(config: Config, service: RunningService): Promise<Context> {
  const database = await openDatabase(
    { databaseUrl: config.databaseUrl, schema: 'files', migrations: new URL('../drizzle/', import.meta.url) },
    service,
  )
  const id = await storeId(database.db)
  const dir = join(config.dir, id)
  const spool = await openSpool(join(dir, 'incoming'))
  const context: Context = {
    db: database.db,
    store: await openStore(),
    spool,
    sessions: createSessions(),
    limits: config.limits,
    retentionMs: config.retentionMs,
    uploadTtlMs: config.uploadTtlMs,
    log: service.log,
    relay: openRelay(database, service, publishTo(service.mesh)),
  }
  const sweeper = await sweepRegularly(context, config.sweepMs)
  service.release('sweeper', sweeper.stop)
  service.release('uploads', context.sessions.close)
  // at once: who sends a large file goes on with another instance
  service.signal.addEventListener('abort', () => void context.sessions.close())
  measureFiles(service, database.sql, sweeper)
  return context

  async function openStore(): Promise<Store> {
    if (!config.s3) return await openDiskStore(join(dir, 'blobs'))
    // the SDK is large, and not even loaded by those who do not need it
    const { openS3Store } = await import('./store/s3.ts')
    return await openS3Store(config.s3, id, service)
  }
}
