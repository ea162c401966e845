import { exchanges } from '@warren/contracts'
import { nanoid } from 'nanoid'
import type { Mesh } from './mesh.ts'

/**
 * Publishes JSON to the MQTT clients that listen to a topic now.
 *
 * @throws WarrenError UNAVAILABLE
 */
export async function publishMqtt(
  { publisher }: Pick<Mesh, 'publisher'>,
  topic: string,
  payload: unknown,
): Promise<void> {
  await publisher.publish({
    exchange: exchanges.mqtt,
    // the broker has `.` where its MQTT clients have `/`
    key: topic.replaceAll('/', '.'),
    body: Buffer.from(JSON.stringify(payload)),
    properties: { messageId: nanoid(), contentType: 'application/json' },
  })
}
