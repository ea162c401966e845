import { exchanges, queues, type Event, type EventSpec } from '@warren/contracts'
import { nanoid } from 'nanoid'
import type { z } from 'zod'
import { consume, type Consumer } from './consumer.ts'
import type { Delivery } from './settling.ts'
import type { Mesh } from './mesh.ts'
import { unroutable } from './failures.ts'
import { consumeWithRetry, Unreadable, type RetryOptions } from './retry.ts'
import { instanceQueue, sharedQueue, workQueue, type Binding } from './topology.ts'

/** CloudEvents 1.0, structured mode. */
export interface CloudEvent<Data = unknown> {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string
  readonly time: string
  readonly datacontenttype: 'application/json'
  /** Extension attribute: the place among the events of the same source, in the order of texts; where there is one. */
  readonly sequence?: string
  readonly data: Data
}

export interface EmitOptions {
  /** The same on every repetition: readers drop doubles by it. */
  readonly id?: string
  readonly time?: string
  /** Where it goes instead of to all subscribers; a queue has to take it there. */
  readonly to?: Binding
}

/** Digits of the largest 64-bit integer, and one to spare. */
const SEQUENCE_DIGITS = 20

/** The envelope of an event, the same wherever it is told: on the broker, in a stream, in a webhook. */
export function toCloudEvent<Data extends Record<string, unknown>>(
  event: Pick<Event, 'topic' | 'service' | 'type'>,
  data: Data,
  { id, time }: { readonly id: string; readonly time: string },
): CloudEvent<Data> {
  return {
    specversion: '1.0',
    id,
    source: `/warren/${event.service}`,
    type: event.type,
    subject: topicWords(event, data).slice(1, -1).join('/'),
    time,
    datacontenttype: 'application/json',
    ...(/^\d{1,20}$/.test(id) && { sequence: id.padStart(SEQUENCE_DIGITS, '0') }),
    data,
  }
}

/**
 * Publishes a fact that was committed, with a confirm.
 *
 * @throws WarrenError UNAVAILABLE or, with `to`, UNROUTABLE: emit it again, with the same id
 */
export async function emit<Spec extends EventSpec>(
  mesh: Mesh,
  event: Event<Spec>,
  data: z.infer<Spec['data']>,
  { id = nanoid(), time = new Date().toISOString(), to }: EmitOptions = {},
): Promise<void> {
  const key = topicOf(event, data)
  const body = toCloudEvent(event, data, { id, time })
  const taken = await mesh.publisher.publish({
    exchange: exchanges.facts,
    key,
    ...to,
    mandatory: to !== undefined,
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
  if (!taken) throw unroutable(to?.key ?? key)
}

export interface Subscription {
  readonly up: Promise<void>
  /** Adds a pattern of topics: words between dots, `*` for one word, `#` for any number. */
  bind(pattern: string): Promise<void>
  unbind(pattern: string): Promise<void>
  close(): Promise<void>
}

/** `text` is the event as it came. */
export type EventHandler = (event: CloudEvent, topic: string, text: string) => void | Promise<void>

export interface SubscribeOptions extends RetryOptions {
  readonly patterns?: readonly string[]
  /**
   * Name of a durable subscription: events wait for it while nobody listens, instances of the same name share them, and
   * one that its handler fails on is tried again, for this subscription only, and parked when its tries are used up.
   * Without a name the subscription is live: it lasts as long as its connection, and what it misses is gone.
   */
  readonly durable?: string
  /**
   * Name of a live subscription that instances share: each event is for one of them, who takes one after the other. What
   * is not handled is gone, and so is what is told while none of them is there.
   */
  readonly shared?: string
}

let subscriptions = 0

export async function subscribe(
  mesh: Mesh,
  handler: EventHandler,
  { patterns = [], durable, shared, ...retry }: SubscribeOptions = {},
): Promise<Subscription> {
  const bindings = patterns.map((key) => ({ exchange: exchanges.events, key }))
  const consumer = durable !== undefined ? takeTurns(durable) : shared !== undefined ? share(shared) : listen()
  mesh.listeners.add(consumer)
  return {
    up: consumer.up,
    bind: (pattern) => consumer.bind(exchanges.events, pattern),
    unbind: (pattern) => consumer.unbind(exchanges.events, pattern),
    close: async () => {
      mesh.listeners.delete(consumer)
      await consumer.close({ removeUnused: durable === undefined && shared === undefined })
    },
  }

  function listen(): Consumer {
    const queue = instanceQueue(`${queues.live(mesh.service, mesh.instance)}.${++subscriptions}`, ...bindings)
    return consume(mesh.consuming, { queue, prefetch: 0, log: mesh.log, onDelivery: (delivery) => void hear(delivery) })
  }

  async function hear({ message }: Delivery): Promise<void> {
    const topic = message.fields.routingKey
    try {
      await understand(message.content, topic)
    } catch (error) {
      mesh.log.warn({ err: error, topic }, 'a subscriber failed on an event')
    }
  }

  function share(name: string): Consumer {
    const queue = sharedQueue(queues.subscription(name), ...bindings)
    const onDelivery = (delivery: Delivery): void => void hear(delivery).finally(() => delivery.ack())
    return consume(mesh.consuming, { queue, prefetch: 1, log: mesh.log, onDelivery })
  }

  function takeTurns(name: string): Consumer {
    const queue = workQueue(queues.subscription(name), ...bindings)
    return consumeWithRetry(mesh, queue, ({ content }, topic) => understand(content, topic), retry)
  }

  async function understand(content: Buffer, topic: string): Promise<void> {
    const text = content.toString()
    await handler(readEvent(text), topic, text)
  }
}

/** @throws Unreadable */
export function readEvent(text: string): CloudEvent {
  try {
    return JSON.parse(text) as CloudEvent
  } catch (error) {
    throw new Unreadable(`not JSON: ${(error as Error).message}`)
  }
}

function topicOf(event: Pick<Event, 'topic'>, data: Record<string, unknown>): string {
  return topicWords(event, data).join('.')
}

const templates = new Map<string, readonly string[]>()

/** On the way of every event: the template is read once. */
function topicWords({ topic }: Pick<Event, 'topic'>, data: Record<string, unknown>): string[] {
  let words = templates.get(topic)
  if (!words) templates.set(topic, (words = topic.split('.')))
  return words.map((word) => (word.startsWith(':') ? String(data[word.slice(1)]) : word))
}
