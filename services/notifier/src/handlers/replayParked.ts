import { headers, notifier, mayOperate } from '@warren/contracts'
import { eq } from 'drizzle-orm'
import { nanoid } from 'nanoid'
import { handle } from '../context.ts'
import { parked } from '../db/schema.ts'
import { parkedMessageOf } from '../parked-message.ts'

/** The broker has the message before the row goes: a crash in between doubles it, and loses nothing. */
export const replayParked = handle(notifier.operations.replayParked, async (call) => {
  if (!mayOperate(call)) throw call.fail('FORBIDDEN', 'Parked messages are for administrators')
  const { input, context, fail } = call
  return await context.db.transaction(async (transaction) => {
    const [row] = await transaction.select().from(parked).where(eq(parked.id, input.id)).for('update')
    if (!row) throw fail('NO_SUCH_MESSAGE', `There is no parked message "${input.id}"`)
    const { queue, topic, type, messageId, contentType, body } = row
    const taken = await context.mesh.publisher.publish({
      exchange: '', // straight to the queue, so that no other gets it again
      key: queue,
      body,
      properties: {
        messageId: messageId ?? nanoid(),
        persistent: true,
        headers: { ...row.headers, [headers.topic]: topic },
        ...(type !== null && { type }),
        ...(contentType !== null && { contentType }),
      },
      mandatory: true,
    })
    if (!taken) throw fail('CONFLICT', `The queue "${queue}" is gone`)
    await transaction.delete(parked).where(eq(parked.id, row.id))
    return parkedMessageOf(row)
  })
})
