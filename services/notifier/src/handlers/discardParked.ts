import { notifier, mayOperate } from '@warren/contracts'
import { eq } from 'drizzle-orm'
import { handle } from '../context.ts'
import { parked } from '../db/schema.ts'

export const discardParked = handle(notifier.operations.discardParked, async (call) => {
  if (!mayOperate(call)) throw call.fail('FORBIDDEN', 'Parked messages are for administrators')
  const { input, context, fail } = call
  const [row] = await context.db.delete(parked).where(eq(parked.id, input.id)).returning({ id: parked.id })
  if (!row) throw fail('NO_SUCH_MESSAGE', `There is no parked message "${input.id}"`)
  return {}
})
