import type { Channel } from 'amqplib'
import type { Connection } from '../connection.ts'

/**
 * Which of these direct reply-to addresses nobody listens at. To declare one passively is what RabbitMQ documents for
 * that, of every version. On channels of their own, because an address that is not there costs the channel.
 */
export async function findGone(connection: Connection, addresses: Iterable<string>): Promise<string[]> {
  const gone: string[] = []
  let channel: Channel | undefined
  for (const address of addresses) {
    channel ??= await open(connection)
    if (!channel) return gone
    try {
      await channel.checkQueue(address)
    } catch (error) {
      channel = undefined
      if ((error as { code?: number }).code === 404) gone.push(address)
    }
  }
  await channel?.close().catch(() => {})
  return gone
}

async function open(connection: Connection): Promise<Channel | undefined> {
  const channel = await connection
    .current()
    ?.createChannel()
    .catch(() => undefined)
  return channel?.on('error', () => {})
}
