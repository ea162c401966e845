import { notifier, onlyOwner } from '@warren/contracts'
import { and, desc, eq, getTableColumns, lt, type SQL } from 'drizzle-orm'
import { handle } from '../context.ts'
import { deliveries } from '../db/schema.ts'
import { deliveryOf } from '../delivery.ts'
import { defaultLimit, pageOf } from '../page.ts'

const { body: _body, ...columns } = getTableColumns(deliveries)

export const listDeliveries = handle(notifier.operations.listDeliveries, async (call) => {
  const { limit = defaultLimit, after, subscriptionId, jobId, state } = call.input
  const owner = onlyOwner(call)
  const wanted: SQL[] = []
  if (owner !== undefined) wanted.push(eq(deliveries.owner, owner))
  if (subscriptionId !== undefined) wanted.push(eq(deliveries.subscriptionId, subscriptionId))
  if (jobId !== undefined) wanted.push(eq(deliveries.jobId, jobId))
  if (state !== undefined) wanted.push(eq(deliveries.state, state))
  if (after !== undefined) wanted.push(lt(deliveries.seq, Number(after)))
  const found = await call.context.db
    .select(columns)
    .from(deliveries)
    .where(and(...wanted))
    .orderBy(desc(deliveries.seq))
    .limit(limit + 1)
  const { rows, next } = pageOf(found, limit)
  return { deliveries: rows.map(deliveryOf), next }
})
