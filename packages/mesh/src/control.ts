import { exchanges, messageTypes, queues } from '@warren/contracts'
import type { ConsumeMessage } from 'amqplib'
import { consume } from './consumer.ts'
import type { Delivery } from './settling.ts'
import type { Mesh } from './mesh.ts'
import type { Family } from './exposition.ts'
import { instanceQueue } from './topology.ts'

/** What an instance says of itself when it is asked. Modelled on NATS ADR-32 (PING, INFO, STATS). */
export interface Instance {
  readonly service: string
  readonly instance: string
  readonly version: string
  readonly ready: boolean
  /** Apps without a port that it serves */
  readonly apps?: readonly string[]
  /** What it depends on → true, or what it waits for. */
  readonly checks: Readonly<Record<string, true | string>>
}

export interface ControlOptions {
  readonly version: string
  readonly checks: () => Promise<Record<string, true | string>>
  readonly info: () => Record<string, unknown>
}

/** What an instance answers to each question to all, to a service or to itself. */
interface Surveys {
  readonly ping: Instance
  readonly info: Instance
  readonly stats: Instance
  readonly metrics: Measured
}

export interface Measured {
  readonly service: string
  readonly instance: string
  readonly families: readonly Family[]
}

type Answer = (options: ControlOptions, mesh: Mesh) => Promise<object>

const answers: Readonly<Record<string, Answer>> = {
  [messageTypes.ping]: ping,
  [messageTypes.info]: async (options, mesh) => ({ ...(await ping(options, mesh)), ...options.info() }),
  [messageTypes.stats]: async (options, mesh) => ({
    ...(await ping(options, mesh)),
    operations: mesh.stats.read(),
    memory: process.memoryUsage(),
    uptimeS: process.uptime(),
  }),
  [messageTypes.metrics]: async (_, { service, instance, metrics }) => {
    return { service, instance, families: await metrics.read() } satisfies Measured
  },
}

/** Listens for control messages to all, to this service and to this instance. */
export function listenForControl(mesh: Mesh, options: ControlOptions): void {
  const binding = (key: string): { exchange: string; key: string } => ({ exchange: exchanges.control, key })
  const consumer = consume(mesh.consuming, {
    queue: instanceQueue(
      queues.control(mesh.service, mesh.instance),
      binding('all'),
      binding(mesh.service),
      binding(`${mesh.service}.${mesh.instance}`),
    ),
    prefetch: 0,
    log: mesh.log,
    onDelivery,
  })
  mesh.listeners.add(consumer)

  function onDelivery({ message }: Delivery): void {
    const { type, correlationId } = message.properties as { type?: string; correlationId?: string }
    if (type === messageTypes.cancel && correlationId) {
      mesh.cancelled.add(correlationId)
      mesh.abortable.get(correlationId)?.()
      return
    }
    const command = type === undefined ? undefined : mesh.controls.get(type)
    if (command) return command(JSON.parse(message.content.toString()))
    const answer = type === undefined ? undefined : answers[type]
    if (answer) void answer(options, mesh).then((body) => reply(mesh, message, body))
  }
}

/** Sends a control message that wants no answer; it is lost when nobody listens. */
export function tell(mesh: Mesh, to: string, type: string, body: object): void {
  mesh.publisher.send(exchanges.control, to, Buffer.from(JSON.stringify(body)), {
    type,
    contentType: 'application/json',
    appId: mesh.name,
  })
}

/**
 * Asks instances how they are, and waits until `enough` have answered or the time is over.
 *
 * @param to `all`, a service, or `<service>.<instance>`
 */
export async function survey<Type extends keyof Surveys>(
  mesh: Mesh,
  type: Type,
  options: { to: string; waitMs: number; enough: (replies: readonly Surveys[Type][]) => boolean },
): Promise<Surveys[Type][]> {
  const { to, waitMs, enough } = options
  const read = (messages: readonly ConsumeMessage[]): Surveys[Type][] => {
    return messages.map((message) => JSON.parse(message.content.toString()) as Surveys[Type])
  }
  return read(await mesh.requester.gather(to, type, waitMs, (messages) => enough(read(messages))))
}

async function ping({ version, checks }: ControlOptions, mesh: Mesh): Promise<Instance> {
  const state = { ...mesh.status(), ...(await checks()) }
  const ready = Object.values(state).every((part) => part === true)
  return { service: mesh.service, instance: mesh.instance, version, ready, apps: [...mesh.apps], checks: state }
}

function reply(mesh: Mesh, { properties }: ConsumeMessage, body: object): void {
  const { replyTo, correlationId, type } = properties as Record<'replyTo' | 'correlationId' | 'type', string>
  if (!replyTo) return
  const options = { type, contentType: 'application/json', appId: mesh.name, ...(correlationId && { correlationId }) }
  mesh.publisher.send('', replyTo, Buffer.from(JSON.stringify(body)), options)
}
