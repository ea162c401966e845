import { after } from 'node:test'
import { notifier, type Delivery } from '@warren/contracts'
import { temporaryDatabase } from '@warren/database'
import {
  client,
  emit,
  serve,
  startService,
  type CallOptions,
  type Client,
  type Mesh,
  type StartedService,
} from '@warren/mesh'
import { handlers, openContext, readConfig } from '@warren/notifier'
import postgres from 'postgres'
import { databaseUrl } from './env.ts'
import { desk, join, openRaw, useVirtualHost, type Raw } from './mesh.ts'
import { startReceiver, type Answer, type Received, type Receiver } from './receiver.ts'
import { eventually } from './wait.ts'

export const admin: CallOptions = { principal: 'root', roles: ['admin'] }
export const RETRY_MS = [60, 120, 180]

/** The notifier by itself, on a broker and a database of its own; events are said by hand. */
export interface Desk {
  readonly vhost: string
  readonly api: Client<typeof notifier>
  readonly mesh: Mesh
  readonly raw: Raw
  readonly sql: postgres.Sql
  stop(): Promise<void>
  start(): Promise<void>
  receiver(answer?: (received: Received) => Answer): Promise<Receiver>
  /** A receiver that is subscribed to a topic of its own. */
  subscribed(answer?: (received: Received) => Answer, options?: CallOptions): Promise<Subscribed>
}

export interface Subscribed {
  readonly id: string
  readonly secret: string
  readonly topic: string
  readonly target: Receiver
  readonly received: Received[]
  say(eventId: string, more?: object): Promise<void>
  log(): Promise<Delivery[]>
}

/** Starts it; all of it ends after the tests of the file. */
export async function openDesk(): Promise<Desk> {
  const vhost = await useVirtualHost()
  const database = await temporaryDatabase(databaseUrl())
  const sql = postgres(database.databaseUrl, { max: 2 })
  const mesh = await join('tester', vhost.amqpUrl)
  const raw = await openRaw(vhost.amqpUrl)
  const api = client(notifier, mesh)
  const receivers: Receiver[] = []
  let topics = 0
  let service = await startNotifier(vhost.amqpUrl, database.databaseUrl)
  after(async () => {
    await service.stop()
    await sql.end()
    await Promise.all(receivers.map((receiver) => receiver.close()))
    await database.drop()
  })
  return { vhost: vhost.name, api, mesh, raw, sql, stop: () => service.stop(), start, receiver, subscribed }

  async function start(): Promise<void> {
    service = await startNotifier(vhost.amqpUrl, database.databaseUrl)
  }

  async function receiver(answer?: (received: Received) => Answer): Promise<Receiver> {
    const started = await startReceiver(answer)
    receivers.push(started)
    return started
  }

  async function subscribed(answer?: (received: Received) => Answer, options = admin): Promise<Subscribed> {
    const topic = `t${++topics}`
    const target = await receiver(answer)
    const input = { url: `${target.url}/hook`, patterns: [`desk.${topic}.*`] }
    const { id, secret } = await api.createSubscription(input, options)
    return {
      id,
      secret,
      topic,
      target,
      received: target.received,
      say: (eventId, more = {}) => emit(mesh, desk.events.said, { id: topic, text: 'hi', ...more }, { id: eventId }),
      log: async () => (await api.listDeliveries({ subscriptionId: id }, admin)).deliveries,
    }
  }
}

async function startNotifier(amqpUrl: string, url: string): Promise<StartedService> {
  const config = readConfig({
    AMQP_URL: amqpUrl,
    DATABASE_URL: url,
    LOG_LEVEL: 'silent',
    WEBHOOK_ALLOW: '127.0.0.1',
    WEBHOOK_RETRY_MS: RETRY_MS.join(','),
  })
  const started = await startService('notifier', config.mesh, async (running) => {
    const context = await openContext(config, running)
    await serve(running.mesh, notifier, context, handlers).up
  })
  await eventually('the notifier is up', 15_000, () => started.mesh.status().broker === true)
  return started
}

/** Waits until all deliveries are so, and there is one at least. */
export async function settled(log: () => Promise<Delivery[]>, state: Delivery['state']): Promise<Delivery[]> {
  return await eventually(`all are ${state}`, 10_000, async () => {
    const deliveries = await log()
    return deliveries.length > 0 && deliveries.every((one) => one.state === state) && deliveries
  })
}
