import { registry, type Event } from '@warren/contracts'
import type { OutboxEvent } from '@warren/database'
import { emit, type Mesh } from '@warren/mesh'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { z } from 'zod'
import { outbox } from './db/schema.ts'

type Events = typeof registry.events
type EventKey = keyof Events

/** Writes events in the transaction that makes them true; the relay publishes them after its commit. */
export async function record<Key extends EventKey>(
  transaction: Pick<PgDatabase<PgQueryResultHKT>, 'insert'>,
  event: Key,
  facts: readonly z.infer<Events[Key]['data']>[],
): Promise<void> {
  if (facts.length > 0) await transaction.insert(outbox).values(facts.map((data) => ({ event, data })))
}

/** How the relay publishes what `record` wrote. */
export function publishTo(mesh: Mesh): (event: OutboxEvent) => Promise<void> {
  return ({ id, event, data, time }) => {
    const definition: Event = registry.events[event as EventKey]
    return emit(mesh, definition, data as Record<string, unknown>, { id, time })
  }
}
