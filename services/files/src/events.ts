import { files, type Event } from '@warren/contracts'
import type { OutboxEvent } from '@warren/database'
import { emit, type Mesh } from '@warren/mesh'
import { outbox } from './db/schema.ts'
import type { FileRow } from './kept/find.ts'
import type { Transaction } from './kept/transaction.ts'

/** Writes events in the transaction that makes them true; the relay publishes them after its commit. */
export async function record(
  transaction: Transaction,
  event: keyof typeof files.events,
  rows: readonly FileRow[],
): Promise<void> {
  if (rows.length === 0) return
  await transaction.insert(outbox).values(
    rows.map(({ id, name, size, digest, mediaType, owner }) => {
      return { event, data: { id, name, size, sha256: digest, type: mediaType, owner } }
    }),
  )
}

/** How the relay publishes what `record` wrote. */
export function publishTo(mesh: Mesh): (event: OutboxEvent) => Promise<void> {
  return ({ id, event, data, time }) => {
    const definition: Event = files.events[event as keyof typeof files.events]
    return emit(mesh, definition, data as Record<string, unknown>, { id, time })
  }
}
