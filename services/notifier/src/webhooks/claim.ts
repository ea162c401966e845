import type { Sql } from 'postgres'
import type { Message } from './post.ts'

/** A message that this instance tries now. `attempts` tells this try from others of the same message. */
export interface Claimed extends Message {
  readonly host: string
  readonly lane: string
  readonly subscriptionId: string | null
  readonly attempts: number
  /** Tries of the current budget, this one included. */
  readonly tries: number
}

export interface Room {
  /** Tries under way, by host. */
  readonly busy: ReadonlyMap<string, number>
  /** Lanes with a try under way. */
  readonly lanes: ReadonlySet<string>
  readonly perHost: number
  readonly inAll: number
  /** After so many failures in a row a receiver is asked by one message at a time. */
  readonly failuresMost: number
  readonly leaseMs: number
  /** Signs messages that belong to no subscription. */
  readonly secret: string
}

/**
 * Takes messages that are due, as many as there is room for. Each lane is looked at by itself, so that a long one hides
 * no other. A claim is a lease: when its holder is gone, the message is due again.
 */
export async function claimDeliveries(sql: Sql, room: Room): Promise<Claimed[]> {
  const hosts = [...room.busy.keys()]
  const counts = [...room.busy.values()]
  return await sql<Claimed[]>`
with recursive lanes as (
  (select lane from notifier.deliveries where state = 'pending' order by lane limit 1)
  union all
  select (select d.lane from notifier.deliveries d where d.state = 'pending' and d.lane > lanes.lane order by d.lane limit 1)
  from lanes where lanes.lane is not null
),
open as (
  select l.lane, s.secret, coalesce(s.failures, 0) >= ${room.failuresMost} as failing
  from lanes l left join notifier.subscriptions s on s.id = l.lane
  where l.lane is not null
    and (s.id is null or (s.enabled and (s.paused_until is null or s.paused_until <= now())))
    and not (coalesce(s.failures, 0) >= ${room.failuresMost} and l.lane = any(${[...room.lanes]}::text[]))
),
due as (
  select d.id, d.host, d.next_at, open.secret
  from open cross join lateral (
    select id, host, next_at from notifier.deliveries
    where state = 'pending' and lane = open.lane and next_at <= now()
    order by next_at, seq
    limit case when open.failing then 1 else ${room.perHost} end
    for update skip locked
  ) d
),
ranked as (
  select id, secret, row_number() over (order by next_at) as place,
    row_number() over (partition by host order by next_at) + coalesce(busy.count, 0) as at_host
  from due left join unnest(${hosts}::text[], ${counts}::int[]) as busy(host, count) using (host)
)
update notifier.deliveries d
set attempts = d.attempts + 1, tries = d.tries + 1, next_at = now() + ${room.leaseMs} * interval '1 ms'
from ranked r
where d.id = r.id and r.at_host <= ${room.perHost} and r.place <= ${room.inAll}
returning d.id, d.url, d.host, d.lane, d.subscription_id as "subscriptionId", d.content_type as "contentType", d.body,
  d.attempts, d.tries, coalesce(r.secret, ${room.secret}) as secret`
}
