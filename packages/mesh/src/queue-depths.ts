import type { Connection } from './connection.ts'

export interface QueueDepth {
  readonly queue: string
  /** Messages that nobody has taken yet. */
  readonly messages: number
  readonly consumers: number
}

/**
 * Asks the broker for the depth of queues. To ask renews the expiry of a queue, so only who consumes it may do so, or
 * somebody who asks about one that does not expire. On channels of their own, because a queue that is not there costs
 * the channel.
 */
export async function readQueues(connection: Connection, names: Iterable<string>): Promise<QueueDepth[]> {
  const depths: QueueDepth[] = []
  let channel = await open(connection)
  for (const queue of names) {
    if (!channel) break
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(queue)
      depths.push({ queue, messages: messageCount, consumers: consumerCount })
    } catch {
      channel = await open(connection)
    }
  }
  await channel?.close().catch(() => {})
  return depths
}

async function open(connection: Connection) {
  const channel = await connection
    .current()
    ?.createChannel()
    .catch(() => undefined)
  return channel?.on('error', () => {})
}
