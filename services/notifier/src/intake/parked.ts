import { headers } from '@warren/contracts'
import { backoffMs, carriedHeaders, consume, deadQueue, type Consumer, type Delivery, type Mesh } from '@warren/mesh'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { nanoid } from 'nanoid'
import { parked } from '../db/schema.ts'

type Row = typeof parked.$inferInsert

const PREFETCH = 50

/** Moves parked messages from the queue into the table, where they can be looked at, replayed and discarded. */
export function takeParked(mesh: Mesh, db: PostgresJsDatabase): Consumer {
  return consume(mesh.consuming, {
    queue: deadQueue,
    prefetch: PREFETCH,
    log: mesh.log,
    onDelivery: (delivery) => void take(delivery),
  })

  async function take(delivery: Delivery): Promise<void> {
    try {
      await db.insert(parked).values(rowOf(delivery)).onConflictDoNothing()
      delivery.ack()
    } catch (error) {
      mesh.log.warn({ err: error }, 'a parked message waits for the database')
      setTimeout(() => delivery.reject(), backoffMs(0, 1_000))
    }
  }
}

interface Properties {
  readonly type?: string
  readonly messageId?: string
  readonly contentType?: string
}

interface Death {
  readonly 'routing-keys'?: readonly string[]
}

function rowOf({ message }: Delivery): Row {
  const { fields, properties, content } = message
  const { type, messageId, contentType } = properties as Properties
  const all: Readonly<Record<string, unknown>> = properties.headers ?? {}
  const [death] = (all['x-death'] ?? []) as readonly Death[]
  const attempts = Number(all[headers.attempts])
  return {
    id: nanoid(),
    queue: fields.routingKey,
    topic: text(all[headers.topic] ?? death?.['routing-keys']?.[0] ?? ''),
    type: type === undefined ? null : text(type),
    messageId: messageId === undefined ? null : text(messageId),
    contentType: contentType === undefined ? null : text(contentType),
    headers: carriedHeaders(message),
    // without a reason of ours the broker parked it
    reason: text(all[headers.reason] ?? all['x-first-death-reason'] ?? 'unknown'),
    attempts: Number.isInteger(attempts) ? attempts : null,
    body: content,
  }
}

/** Postgres has no U+0000 in a text. */
function text(value: unknown): string {
  return String(value).replaceAll('\0', '')
}
