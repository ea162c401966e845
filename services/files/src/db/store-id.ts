import type { Database } from '@warren/database'
import { nanoid } from 'nanoid'
import { store } from './schema.ts'

/** The name of the store that belongs to a database, made up when it is new. */
export async function storeId(db: Database['db']): Promise<string> {
  await db.insert(store).values({ id: nanoid() }).onConflictDoNothing()
  const [row] = await db.select().from(store)
  if (!row) throw new Error('the name of the store is gone')
  return row.id
}
