import type { Sql } from 'postgres'
import type { Position } from './events.ts'

/** From here on events of this instance are its to publish. Gives how far they count as published: all there are. */
export async function registerWriter(sql: Sql, id: string, leaseMs: number): Promise<Position> {
  const [row] = await sql<{ xid: string; seq: string }[]>`
insert into executor.writers (id, published_xid, published_to, lease_until)
values (${id}, pg_current_xact_id(), 0, now() + ${leaseMs}::int * interval '1 ms')
on conflict (id) do update set lease_until = excluded.lease_until
returning published_xid::text as xid, published_to as seq`
  return { xid: row?.xid ?? '0', seq: Number(row?.seq ?? 0) }
}

/**
 * Renews its lease, and says how far its events are published for certain. Anew when it is gone: after a long silence
 * somebody adopted what was there, and not what is written from now on.
 */
export async function renewWriter(sql: Sql, id: string, { xid, seq }: Position, leaseMs: number): Promise<void> {
  await sql`
insert into executor.writers (id, published_xid, published_to, lease_until)
values (${id}, ${xid}::text::xid8, ${seq}, now() + ${leaseMs}::int * interval '1 ms')
on conflict (id) do update
set lease_until = excluded.lease_until, published_xid = excluded.published_xid, published_to = excluded.published_to`
}
