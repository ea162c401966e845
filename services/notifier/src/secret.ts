import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { eq } from 'drizzle-orm'
import { settings } from './db/schema.ts'
import { makeSecret } from './webhooks/sign.ts'

const key = 'webhook-secret'

/** The secret of this installation, for messages that belong to no subscription: made up once, and the same for all instances. */
export async function installationSecret(db: PostgresJsDatabase): Promise<string> {
  await db.insert(settings).values({ key, value: makeSecret() }).onConflictDoNothing()
  const [row] = await db.select({ value: settings.value }).from(settings).where(eq(settings.key, key))
  return (row as { value: string }).value
}
