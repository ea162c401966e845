import { exchanges, headers } from '@warren/contracts'
import type { ConsumeMessage, Options } from 'amqplib'
import { nanoid } from 'nanoid'
import { backoffMs } from './backoff.ts'
import { consume, type Consumer } from './consumer.ts'
import type { Delivery } from './settling.ts'
import type { Mesh } from './mesh.ts'
import { retried, type QueueSpec } from './topology.ts'

export interface RetryOptions {
  /** Deliveries of one message, the first included; then it is parked. */
  readonly attempts?: number
  /** How long it waits before the second, the third …; the last one also before all that follow. */
  readonly retryAfterMs?: readonly number[]
  /** Messages handled at a time. */
  readonly prefetch?: number
}

/** A message that no try can make better: it is parked at once. */
export class Unreadable extends Error {}

const ATTEMPTS = 4
const RETRY_AFTER_MS = [1_000, 5_000, 30_000]
const PREFETCH = 20
const REASON_MOST = 200

/**
 * Consumes a queue with tries of our own. A message that its handler fails on goes, by way of a queue in which it waits,
 * back to this queue alone, and is parked when its tries are used up: never to the exchange that it came from, where
 * other subscribers would get it again. The copy is the broker's before the original is acked, so a crash in between
 * doubles a message and loses none.
 */
export function consumeWithRetry(
  mesh: Mesh,
  queue: QueueSpec,
  handle: (message: ConsumeMessage, topic: string) => void | Promise<void>,
  { attempts = ATTEMPTS, retryAfterMs = RETRY_AFTER_MS, prefetch = PREFETCH }: RetryOptions = {},
): Consumer {
  const underWay = new Set<Promise<void>>()
  const consumer = consume(mesh.consuming, {
    queue: retried(queue, retryAfterMs),
    prefetch,
    log: mesh.log,
    onDelivery: (delivery) => {
      const work = deliver(delivery).finally(() => underWay.delete(work))
      underWay.add(work)
    },
  })
  return { ...consumer, close }

  async function deliver(delivery: Delivery): Promise<void> {
    const { message } = delivery
    try {
      await handle(message, topicOf(message))
      delivery.ack()
    } catch (error) {
      if (!delivery.lost()) await giveBack(delivery, error)
    }
  }

  async function giveBack(delivery: Delivery, error: unknown): Promise<void> {
    const { message } = delivery
    const topic = topicOf(message)
    const attempt = attemptOf(message)
    const isOver = error instanceof Unreadable || attempt >= attempts
    const waitMs = retryAfterMs[Math.min(attempt, retryAfterMs.length) - 1] ?? 0
    mesh.log.warn({ err: error, queue: queue.name, topic, attempt, parked: isOver }, 'a message was not handled')
    const copied = isOver
      ? copy(message, exchanges.dead, { topic, reason: reasonOf(error), attempts: attempt })
      : copy(message, exchanges.wait, { topic, attempt: attempt + 1, wait: String(waitMs) })
    if (await copied.catch(() => false)) return delivery.ack()
    // the broker took no copy: it gives the original again, not at once
    setTimeout(() => delivery.reject(), backoffMs(0, 1_000))
  }

  /** Lets the handlers finish what they have begun. */
  async function close(options?: { removeUnused?: boolean }): Promise<void> {
    await consumer.pause()
    await Promise.all(underWay)
    await consumer.close(options)
  }

  function copy(message: ConsumeMessage, exchange: string, own: Record<string, unknown>): Promise<boolean> {
    return mesh.publisher.publish({
      exchange,
      key: queue.name,
      body: message.content,
      properties: { ...carried(message), headers: { ...carriedHeaders(message), ...own } },
      mandatory: true,
    })
  }
}

/** The routing key that a message was first published with. */
export function topicOf({ fields, properties }: ConsumeMessage): string {
  return (properties.headers?.[headers.topic] as string | undefined) ?? fields.routingKey
}

function attemptOf({ properties }: ConsumeMessage): number {
  const attempt: unknown = properties.headers?.[headers.attempt]
  return typeof attempt === 'number' && attempt >= 1 ? Math.trunc(attempt) : 1
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, REASON_MOST)
}

/** What a copy of a message keeps of its properties. */
function carried({ properties }: ConsumeMessage): Options.Publish & { messageId: string } {
  const kept = ['type', 'contentType', 'timestamp', 'appId', 'correlationId'] as const
  const present = kept.filter((name) => properties[name] !== undefined)
  return {
    ...Object.fromEntries(present.map((name) => [name, properties[name] as unknown])),
    messageId: (properties.messageId as string | undefined) ?? nanoid(),
    persistent: true,
  }
}

/** Headers about this message's tries; the original had none of them. */
const bookkeeping = new Set<string>([headers.attempt, headers.attempts, headers.wait, headers.reason, headers.topic])

/**
 * The headers that a copy of a message takes along: neither those about tries nor the broker's own. RabbitMQ 3 reads an
 * `x-death` that comes back to it, takes a queue that is named there for part of a cycle, and drops what would go there.
 * `CC` and `BCC` would send the copy to further queues.
 */
export function carriedHeaders({ properties }: ConsumeMessage): Record<string, unknown> {
  const all = Object.entries<unknown>(properties.headers ?? {})
  return Object.fromEntries(all.filter(([name]) => !/^(x-|CC$|BCC$)/.test(name) && !bookkeeping.has(name)))
}
