import { exchanges, headers, queues } from '@warren/contracts'
import type { Channel, Options } from 'amqplib'

/**
 * What there is on the broker, and the only place that declares any of it. Every queue names its type, and nothing is
 * declared that RabbitMQ 3.10 and 4.x understand differently: no priorities, no transient shared queues, no modes.
 */

export interface Binding {
  readonly exchange: string
  readonly key: string
  /** What an exchange of type `headers` looks at. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface QueueSpec {
  readonly name: string
  readonly options: Options.AssertQueue
  readonly bindings: readonly Binding[]
  /** Other queues that its messages go through. */
  readonly needs?: readonly QueueSpec[]
}

const CALLS_MOST = 2_000
const CALLS_EXPIRE_MS = 5_000
const HINTS_MOST = 1_000
const HINTS_EXPIRE_MS = 3_600_000
const WORK_MOST = 100_000
const WORK_DELIVERIES_MOST = 20
const LIVE_MOST = 10_000
const SHARED_EXPIRE_MS = 60_000

/**
 * Calls: bounded, so that overload is a nack to the caller and not a backlog; expiring, so that a dead service turns
 * unroutable and its callers hear so at once.
 */
export function callQueue(name: string, ...bindings: Binding[]): QueueSpec {
  return boundedQueue(name, bindings, { most: CALLS_MOST, overflow: 'reject-publish', expiresMs: CALLS_EXPIRE_MS })
}

/** Requests to an app. */
export function appQueue(app: string): QueueSpec {
  return callQueue(queues.app(app), { exchange: exchanges.stream, key: app })
}

/**
 * Hints that somebody gives again when they are lost. Not a quorum queue: that costs a disk write for each, and can come
 * back from a power cut without a leader. A consumer may rest for long, so it expires late.
 */
export function hintQueue(name: string, ...bindings: Binding[]): QueueSpec {
  return boundedQueue(name, bindings, { most: HINTS_MOST, overflow: 'drop-head', expiresMs: HINTS_EXPIRE_MS })
}

/**
 * A queue whose messages come back to it, and to it alone, after waiting. Waiting queues are shared, one for each delay:
 * messages expire at the head of a queue only, so one with a longer delay would hold others up.
 */
export function retried(queue: QueueSpec, delaysMs: readonly number[]): QueueSpec {
  const back = { exchange: exchanges.requeue, key: queue.name }
  return { ...queue, bindings: [...queue.bindings, back], needs: [...new Set(delaysMs)].map(waitQueue) }
}

function waitQueue(ms: number): QueueSpec {
  return {
    name: queues.wait(ms),
    bindings: [{ exchange: exchanges.wait, key: '', headers: { 'x-match': 'all', [headers.wait]: String(ms) } }],
    options: {
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-message-ttl': ms,
        'x-overflow': 'reject-publish',
        'x-dead-letter-exchange': exchanges.requeue, // with the key that the message has: its queue
        'x-dead-letter-strategy': 'at-least-once',
      },
    },
  }
}

/** Messages that must survive: replicated where there is a cluster, parked after too many deliveries, never dropped. */
export function workQueue(name: string, ...bindings: Binding[]): QueueSpec {
  return {
    name,
    bindings,
    options: {
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-max-length': WORK_MOST,
        'x-overflow': 'reject-publish',
        'x-delivery-limit': WORK_DELIVERIES_MOST,
        'x-dead-letter-exchange': exchanges.dead,
        'x-dead-letter-routing-key': name,
        'x-dead-letter-strategy': 'at-least-once',
      },
    },
  }
}

/** Belongs to one instance and goes with its connection; the oldest messages give way when nobody reads. */
export function instanceQueue(name: string, ...bindings: Binding[]): QueueSpec {
  return {
    name,
    bindings,
    options: {
      durable: false,
      exclusive: true,
      arguments: { 'x-queue-type': 'classic', 'x-max-length': LIVE_MOST, 'x-overflow': 'drop-head' },
    },
  }
}

/** What instances of a service share: each message is for one of them, and for nobody when none of them is there. */
export function sharedQueue(name: string, ...bindings: Binding[]): QueueSpec {
  return boundedQueue(name, bindings, { most: LIVE_MOST, overflow: 'drop-head', expiresMs: SHARED_EXPIRE_MS })
}

function boundedQueue(
  name: string,
  bindings: readonly Binding[],
  { most, overflow, expiresMs }: { most: number; overflow: 'reject-publish' | 'drop-head'; expiresMs: number },
): QueueSpec {
  const limits = { 'x-max-length': most, 'x-overflow': overflow, 'x-expires': expiresMs }
  return { name, bindings, options: { durable: true, arguments: { 'x-queue-type': 'classic', ...limits } } }
}

/** Classic: everybody declares it, and a quorum queue that has lost its leader would hold everybody up. */
export const deadQueue: QueueSpec = {
  name: queues.dead,
  bindings: [{ exchange: exchanges.dead, key: '#' }],
  options: { durable: true, arguments: { 'x-queue-type': 'classic' } },
}

/** Classic for the same reason. What publishes there waits for nobody: events gather while the notifier is down. */
export const notifyQueue: QueueSpec = {
  name: queues.notify,
  bindings: [{ exchange: exchanges.notify, key: 'job' }],
  options: { durable: true, arguments: { 'x-queue-type': 'classic' } },
}

const exchangeTypes = new Map<string, 'direct' | 'topic' | 'fanout' | 'headers'>([
  [exchanges.rpc, 'direct'],
  [exchanges.execute, 'direct'],
  [exchanges.describe, 'direct'],
  [exchanges.jobs, 'direct'],
  [exchanges.control, 'topic'],
  [exchanges.events, 'topic'],
  [exchanges.facts, 'fanout'],
  [exchanges.stream, 'direct'],
  [exchanges.notify, 'direct'],
  [exchanges.dead, 'topic'],
  [exchanges.wait, 'headers'],
  [exchanges.requeue, 'direct'],
])

/** A message whose queue is gone when it has waited is parked. */
const unroutable = new Map<string, string>([[exchanges.requeue, exchanges.dead]])

/** The exchanges, the queues that nothing must be lost for, and the ways of facts: MQTT clients read `amq.topic`. */
export async function declareExchanges(channel: Channel): Promise<void> {
  for (const exchange of exchangeTypes.keys()) await declareExchange(channel, exchange)
  for (const readers of [exchanges.events, exchanges.mqtt]) await channel.bindExchange(readers, exchanges.facts, '')
  // left of earlier times: for each fact it costs the broker as much as all the rest
  await channel.unbindExchange(exchanges.mqtt, exchanges.events, '#')
  await declareQueue(channel, deadQueue)
  await declareQueue(channel, notifyQueue)
}

export async function declareQueue(channel: Channel, { name, options, bindings, needs }: QueueSpec): Promise<void> {
  for (const other of needs ?? []) await declareQueue(channel, other)
  await channel.assertQueue(name, options)
  for (const binding of bindings) await bindQueue(channel, name, binding)
}

/** Declares the exchange first: services start in any order. */
export async function bindQueue(channel: Channel, queue: string, { exchange, key, headers }: Binding): Promise<void> {
  await declareExchange(channel, exchange)
  await channel.bindQueue(queue, exchange, key, headers)
}

async function declareExchange(channel: Channel, name: string): Promise<void> {
  const type = exchangeTypes.get(name)
  const alternateExchange = unroutable.get(name)
  if (type) await channel.assertExchange(name, type, { ...(alternateExchange && { alternateExchange }) })
}

/** Removes a queue that nobody uses any more; it stays when it has other consumers or messages. */
export async function deleteUnused(channel: Channel, name: string): Promise<void> {
  await channel.deleteQueue(name, { ifUnused: true, ifEmpty: true })
}
