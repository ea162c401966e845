import type { Logger } from '@warren/mesh'
import { lt, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { deliveries, parked } from './db/schema.ts'

const DELIVERY_DAYS = 7
const PARKED_DAYS = 30
const EVERY_MS = 600_000

/** Forgets old deliveries, whatever became of them, and old parked messages; now and from time to time. */
export function sweepRegularly(db: PostgresJsDatabase, log: Logger): () => void {
  void run()
  const timer = setInterval(() => void run(), EVERY_MS)
  return () => clearInterval(timer)

  async function run(): Promise<void> {
    try {
      await sweep(db)
    } catch (error) {
      log.warn({ err: error }, 'old deliveries could not be removed')
    }
  }
}

async function sweep(db: PostgresJsDatabase): Promise<void> {
  await db.delete(deliveries).where(lt(deliveries.createdAt, sql`now() - ${DELIVERY_DAYS} * interval '1 day'`))
  await db.delete(parked).where(lt(parked.parkedAt, sql`now() - ${PARKED_DAYS} * interval '1 day'`))
}
