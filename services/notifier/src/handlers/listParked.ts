import { notifier, mayOperate } from '@warren/contracts'
import { and, desc, eq, lt } from 'drizzle-orm'
import { handle } from '../context.ts'
import { parked } from '../db/schema.ts'
import { defaultLimit, pageOf } from '../page.ts'
import { parkedMessageOf } from '../parked-message.ts'

export const listParked = handle(notifier.operations.listParked, async (call) => {
  if (!mayOperate(call)) throw call.fail('FORBIDDEN', 'Parked messages are for administrators')
  const { limit = defaultLimit, after, queue } = call.input
  const found = await call.context.db
    .select()
    .from(parked)
    .where(
      and(
        queue === undefined ? undefined : eq(parked.queue, queue),
        after === undefined ? undefined : lt(parked.seq, Number(after)),
      ),
    )
    .orderBy(desc(parked.seq))
    .limit(limit + 1)
  const { rows, next } = pageOf(found, limit)
  return { messages: rows.map(parkedMessageOf), next }
})
