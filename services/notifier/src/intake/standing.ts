import type { CloudEvent } from '@warren/mesh'
import type { Sql } from 'postgres'

/**
 * Writes a delivery for each subscription that wants the event and whose owner may know of it, one however often the
 * event comes. Gives how many are new.
 *
 * An event that has an owner is told to the owner and to subscriptions that administrators made; others to everybody.
 */
export async function recordEvent(sql: Sql, event: CloudEvent, topic: string, text: string): Promise<number> {
  const { owner, jobId } = (event.data ?? {}) as { owner?: unknown; jobId?: unknown }
  const of = typeof owner === 'string' ? owner : null
  const inserted = await sql`
insert into notifier.deliveries
  (id, owner, subscription_id, job_id, event, event_type, url, host, lane, content_type, body)
select 'msg_' || replace(gen_random_uuid()::text, '-', ''), s.owner, s.id, ${typeof jobId === 'string' ? jobId : null},
  ${`${event.source} ${event.id}`}, ${event.type}, s.url, s.host, s.id, 'application/cloudevents+json', ${text}
from notifier.subscriptions s
where s.enabled and (${of}::text is null or s.sees_all or s.owner = ${of})
  and exists (select from unnest(s.matchers) matcher where ${`.${topic}`} ~ matcher)
for key share of s
on conflict (event, lane) do nothing`
  return inserted.count
}
