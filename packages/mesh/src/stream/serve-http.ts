import { frameTypes, headers, type WarrenError } from '@warren/contracts'
import { setTimeout as wait } from 'node:timers/promises'
import { consume } from '../consumer.ts'
import type { Delivery } from '../settling.ts'
import { unavailable } from '../failures.ts'
import type { Mesh } from '../mesh.ts'
import type { Server } from '../server.ts'
import { appQueue } from '../topology.ts'
import { answerExchange, type AppHandler, type Answering } from './answer.ts'
import { numberIn, readFrame } from './frame.ts'

export interface AppOptions {
  /** Exchanges at a time; over it callers hear UNAVAILABLE. */
  readonly most?: number
  /** How long open streams may go on when the app is told to end. */
  readonly graceMs?: number
  /** Makes an error of a library one of ours. */
  readonly translate?: (error: unknown) => WarrenError | undefined
}

const EXCHANGES_MOST = 1_000
const GRACE_MS = 10_000
/** For handlers that were aborted to tidy up. */
const ABORTED_MS = 1_000

/**
 * Serves a fetch-style app (Hono's `app.fetch`, Connect's fetch handler) without a listening port. Bodies stream both
 * ways; `Request.signal` aborts when the client leaves, the deadline passes, or the connection is lost.
 */
export function serveHttp(mesh: Mesh, app: string, handler: AppHandler, options: AppOptions = {}): Server {
  const { most = EXCHANGES_MOST, graceMs = GRACE_MS, translate } = options
  const open = new Map<string, Answering>()
  const underWay = new Set<Promise<void>>()
  const queue = appQueue(app)
  let limit = most
  const consumer = consume(mesh.consuming, { queue, prefetch: most, log: mesh.log, onDelivery })
  const server = {
    up: consumer.up,
    status: consumer.status,
    setPrefetch,
    close,
    queue: queue.name,
    underWay: () => underWay.size,
  }
  mesh.streams.warm()
  mesh.servers.add(server)
  mesh.apps.add(app)
  return server

  function onDelivery(delivery: Delivery): void {
    const work = take(delivery)
      .catch((error: unknown) => {
        mesh.log.warn({ app, err: error }, 'a request could not be taken')
        delivery.handBack()
      })
      .finally(() => underWay.delete(work))
    underWay.add(work)
  }

  async function take(delivery: Delivery): Promise<void> {
    const { correlationId: id } = delivery.message.properties as { correlationId?: string }
    const frame = readFrame(delivery.message)
    const deadline = frame && numberIn(frame.headers, headers.deadline)
    if (frame?.type !== frameTypes.req || id === undefined || frame.replyTo === undefined) return delivery.ack()
    if (mesh.cancelled.has(id) || (deadline !== undefined && deadline <= Date.now())) return delivery.ack()
    const lane = await mesh.streams.lane()
    // it came back after its delivery was lost: what is still open of it must not speak any more
    open.get(id)?.abandon()
    const answering = answerExchange({ mesh, app, handler, translate }, { lane, id, frame, delivery, deadline })
    if (open.size >= limit) return answering.refuse(unavailable('The app has too many requests under way'))
    open.set(id, answering)
    await answering.run()
    if (open.get(id) === answering) open.delete(id)
  }

  async function setPrefetch(count: number): Promise<void> {
    limit = count
    await consumer.setPrefetch(count)
  }

  async function close(): Promise<void> {
    await consumer.pause()
    const exchanges = Promise.all([...open.values()].map(({ over }) => over))
    await Promise.race([exchanges, wait(graceMs, undefined, { ref: false })])
    for (const each of open.values()) each.abort(unavailable('The app is stopping'))
    await Promise.race([Promise.all(underWay), wait(ABORTED_MS, undefined, { ref: false })])
    await consumer.close({ removeUnused: true })
    mesh.apps.delete(app)
    mesh.servers.delete(server)
  }
}

export type { AppHandler } from './answer.ts'
export type { AppBindings } from './bindings.ts'
