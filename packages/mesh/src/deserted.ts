import type { Connection } from './connection.ts'

/**
 * Whether messages wait in the queue, or it is gone, with nobody to take them. A queue without consumers and without
 * messages may be that of an instance that is draining: what it took it will answer.
 * A deserted queue is removed. Asking renews its expiry, so it would never expire while there are callers, and whoever
 * serves next must not run calls of which the callers were told that nobody does.
 * Asked on a channel of its own, because a queue that is not there costs the channel.
 */
export async function isDeserted(connection: Connection, queue: string): Promise<boolean> {
  const channel = await connection
    .current()
    ?.createChannel()
    .catch(() => undefined)
  if (!channel) return false
  channel.on('error', () => {})
  try {
    const { consumerCount, messageCount } = await channel.checkQueue(queue)
    const deserted = consumerCount === 0 && messageCount > 0
    if (deserted) await channel.deleteQueue(queue, { ifUnused: true })
    await channel.close()
    return deserted
  } catch (error) {
    return (error as { code?: number }).code === 404
  }
}
