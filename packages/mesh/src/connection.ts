import { EventEmitter } from 'node:events'
import { connect as connectManager } from 'amqp-connection-manager'
import type { ChannelModel } from 'amqplib'
import { backoffMs } from './backoff.ts'
import { gatherWrites } from './gathered-writes.ts'
import type { Logger } from './log.ts'

/** One connection to the broker that comes back by itself. Channels on it do not: that is `channel.ts`. */
export interface Connection {
  /** The raw connection, while there is one. */
  current(): ChannelModel | undefined
  /** Calls back on every (re)connect, at once when already connected. Returns a function that ends that. */
  onUp(listener: (connection: ChannelModel) => void): () => void
  /** The broker has told us to stop publishing (memory or disk alarm). */
  blocked(): boolean
  close(): Promise<void>
}

const HEARTBEAT_S = 10
/** A broker that is back is noticed within it; to knock at a closed port costs next to nothing. */
const RECONNECT_MOST_MS = 500

/**
 * Opens a connection, in the background: it never fails, it reports.
 *
 * amqp-connection-manager rotates URLs and reconnects; its channel wrapper is never used, because after a reconnect it
 * acks by old delivery tags on a new channel, and so acks somebody else's message.
 *
 * @param gathers whether small writes of a busy moment go as one; no good where messages are large
 */
export function openConnection(amqpUrl: string, name: string, log: Logger, gathers = true): Connection {
  const events = new EventEmitter().setMaxListeners(0)
  let blocked = false
  let failures = 0
  const manager = connectManager(amqpUrl.split(','), {
    heartbeatIntervalInSeconds: HEARTBEAT_S,
    reconnectTimeInSeconds: 0.1,
    connectionOptions: {
      // Nagle's algorithm and delayed acks hold a small request back for 40 ms
      noDelay: true,
      timeout: 10_000,
      clientProperties: { connection_name: name },
    },
  })
  manager.on('connect', ({ connection }) => {
    if (failures > 0) log.info({ connection: name, failures }, 'broker is back')
    failures = 0
    blocked = false
    if (gathers) gatherWrites(connection)
    events.emit('up', connection)
  })
  manager.on('connectFailed', ({ err }) => retryLater(err))
  manager.on('disconnect', ({ err }) => retryLater(err))
  manager.on('blocked', ({ reason }) => {
    blocked = true
    log.warn({ connection: name, reason }, 'broker blocks publishers')
  })
  manager.on('unblocked', () => {
    blocked = false
  })
  return { current, onUp, blocked: () => blocked, close: () => manager.close() }

  function retryLater(error: Error | undefined): void {
    // read by the manager right after these events: its own wait has neither backoff nor jitter
    manager.reconnectTimeInSeconds = backoffMs(failures, 100, RECONNECT_MOST_MS) / 1_000
    if (failures++ === 0) log.warn({ connection: name, error: error?.message }, 'broker is not reachable')
  }

  function current(): ChannelModel | undefined {
    return manager.connection
  }

  function onUp(listener: (connection: ChannelModel) => void): () => void {
    events.on('up', listener)
    const connection = current()
    if (connection) listener(connection)
    return () => events.off('up', listener)
  }
}
