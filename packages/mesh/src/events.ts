import { exchanges, queues, type Event, type EventSpec } from '@warren/contracts'
import { nanoid } from 'nanoid'
import type { z } from 'zod'
import { consume, type Delivery } from './consumer.ts'
import type { Mesh } from './mesh.ts'
import { instanceQueue, workQueue } from './topology.ts'

/** CloudEvents 1.0, structured mode. */
export interface CloudEvent<Data = unknown> {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly data: Data
}

export interface EmitOptions {
  /** The same on every repetition: readers drop doubles by it. */
  readonly id?: string
  readonly time?: string
}

/**
 * Publishes a fact that was committed, with a confirm.
 *
 * @throws WarrenError UNAVAILABLE: emit it again, with the same id
 */
export async function emit<Spec extends EventSpec>(
  mesh: Mesh,
  event: Event<Spec>,
  data: z.infer<Spec['data']>,
  { id = nanoid(), time = new Date().toISOString() }: EmitOptions = {},
): Promise<void> {
  const key = topicOf(event.topic, data)
  const body: CloudEvent = {
    specversion: '1.0',
    id,
    source: `/warren/${event.service}`,
    type: event.type,
    subject: key.split('.').slice(1, -1).join('/'),
    time,
    datacontenttype: 'application/json',
    data,
  }
  await mesh.publisher.publish({
    exchange: exchanges.events,
    key,
    body: Buffer.from(JSON.stringify(body)),
    properties: {
      type: event.type,
      messageId: id,
      contentType: 'application/cloudevents+json',
      timestamp: Math.floor(Date.now() / 1_000),
      appId: mesh.name,
      persistent: true,
    },
  })
}

export interface Subscription {
  readonly up: Promise<void>
  /** Adds a pattern of topics: words between dots, `*` for one word, `#` for any number. */
  bind(pattern: string): Promise<void>
  unbind(pattern: string): Promise<void>
  close(): Promise<void>
}

export type EventHandler = (event: CloudEvent, topic: string) => void | Promise<void>

export interface SubscribeOptions {
  readonly patterns?: readonly string[]
  /**
   * Name of a durable subscription: events wait for it while nobody listens, instances of the same name share them, and
   * one that its handler fails on is delivered again, to this subscription only, and parked after 20 deliveries.
   * Without a name the subscription is live: it lasts as long as its connection, and what it misses is gone.
   */
  readonly durable?: string
  /** Events handled at a time by a durable subscription. */
  readonly prefetch?: number
}

let subscriptions = 0

export async function subscribe(
  mesh: Mesh,
  handler: EventHandler,
  { patterns = [], durable, prefetch = 20 }: SubscribeOptions = {},
): Promise<Subscription> {
  const bindings = patterns.map((key) => ({ exchange: exchanges.events, key }))
  const consumer = consume(mesh.consuming, {
    queue: durable
      ? workQueue(queues.subscription(durable), ...bindings)
      : instanceQueue(`${queues.live(mesh.service, mesh.instance)}.${++subscriptions}`, ...bindings),
    prefetch: durable ? prefetch : 0,
    log: mesh.log,
    onDelivery: (delivery) => void deliver(delivery),
  })
  mesh.listeners.add(consumer)
  return {
    up: consumer.up,
    bind: (pattern) => consumer.bind(exchanges.events, pattern),
    unbind: (pattern) => consumer.unbind(exchanges.events, pattern),
    close: async () => {
      mesh.listeners.delete(consumer)
      await consumer.close({ removeUnused: durable === undefined })
    },
  }

  async function deliver(delivery: Delivery): Promise<void> {
    const { fields, content } = delivery.message
    try {
      await handler(JSON.parse(content.toString()) as CloudEvent, fields.routingKey)
      delivery.ack()
    } catch (error) {
      mesh.log.warn({ err: error, topic: fields.routingKey, durable }, 'a subscriber failed on an event')
      delivery.reject()
    }
  }
}

function topicOf(template: string, data: Record<string, unknown>): string {
  return template.replaceAll(/:(\w+)/g, (_, name: string) => String(data[name]))
}
