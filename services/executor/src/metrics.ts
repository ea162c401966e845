import type { Meter, RunningService } from '@warren/mesh'
import type { Sql } from 'postgres'
import type { Relay } from './jobs/relay.ts'
import type { Pool } from './runner/pool.ts'

export interface Measured {
  readonly pool: Pick<Pool, 'slots' | 'free' | 'waiting'>
  readonly sql: Sql
  readonly relay: Pick<Relay, 'position'>
  readonly executorId: string
  /** Runs that this executor works on. */
  readonly active: { ids(): Iterable<string> }
}

/** A scrape must not weigh on a database that is in trouble. */
const STATEMENT_MS = 250
const UNPUBLISHED_MOST = 10_000

interface JobsRow {
  readonly process: string
  readonly state: string
  readonly jobs: number
  readonly oldest: number
  readonly expired: number
}

interface OutboxRow {
  readonly events: number
  readonly oldest: number
}

/**
 * What there is to know of an executor, read when somebody asks. Jobs are counted in the ledger that all executors
 * share, so each of them says the same.
 */
export function measureExecutor(service: RunningService, { pool, sql, relay, executorId, active }: Measured): void {
  service.measure(
    {
      slots: { name: 'warren_slots', help: 'Jobs that this executor can run at a time' },
      free: { name: 'warren_slots_free', help: 'Slots without a job' },
      waiting: { name: 'warren_runs_waiting', help: 'Runs that wait for a slot of this executor' },
      active: { name: 'warren_runs_active', help: 'Runs that this executor works on, synchronous ones too' },
    },
    () => ({ slots: pool.slots, free: pool.free(), waiting: pool.waiting(), active: [...active.ids()].length }),
  )
  service.measure(
    {
      queued: { name: 'warren_jobs_queued', help: 'Jobs that wait for a slot' },
      oldest: { name: 'warren_jobs_queued_oldest_seconds', help: 'Age of the oldest job that waits for a slot' },
      leased: { name: 'warren_jobs_leased', help: 'Jobs that an executor holds a lease of' },
      expired: { name: 'warren_leases_expired', help: 'Leases that ran out and were not reaped yet' },
      unpublished: {
        name: 'warren_outbox_events',
        help: `Events that are not published yet, ${UNPUBLISHED_MOST} at most`,
      },
      lag: { name: 'warren_outbox_lag_seconds', help: 'Age of the oldest event that is not published yet' },
    },
    readLedger,
  )

  async function readLedger() {
    const { xid, seq } = relay.position()
    const [jobs, [outbox]] = await sql.begin('read only', async (tx) => {
      await tx`select set_config('statement_timeout', ${String(STATEMENT_MS)}, true)`
      return [
        await tx<JobsRow[]>`
select
  process_id as process, state, count(*)::int as jobs,
  extract(epoch from now() - min(created_at))::float8 as oldest, 0 as expired
from executor.jobs
where state = 'queued'
group by process_id, state
union all
select process_id, state, count(*)::int, 0, (count(*) filter (where lease_until < now()))::int
from executor.jobs
where lease_until is not null
group by process_id, state`,
        await tx<OutboxRow[]>`
select count(*)::int as events, coalesce(extract(epoch from now() - min(at)), 0)::float8 as oldest
from (
  select at from executor.events
  where writer = ${executorId} and (xid, seq) > (${xid}::text::xid8, ${seq}::bigint)
  order by xid, seq
  limit ${UNPUBLISHED_MOST}
) behind`,
      ] as const
    })
    const queued = jobs.filter(({ state }) => state === 'queued')
    const leased = jobs.filter(({ state }) => state !== 'queued')
    return {
      queued: queued.map(({ process, jobs: value }) => ({ labels: { process }, value })),
      oldest: queued.map(({ process, oldest: value }) => ({ labels: { process }, value })),
      leased: leased.map(({ process, state, jobs: value }) => ({ labels: { process, state }, value })),
      expired: leased.reduce((sum, { expired }) => sum + expired, 0),
      unpublished: outbox?.events ?? 0,
      lag: outbox?.oldest ?? 0,
    }
  }
}

/** Counts attempts by process and how they ended. Get it once, and a meter for each process once. */
export function createRunMeters({ mesh }: Pick<RunningService, 'mesh'>): (processId: string) => Meter {
  const meterOf = mesh.metrics.meters({
    name: 'warren_run',
    what: 'Attempts that ended',
    label: 'process',
    outcome: 'outcome',
  })
  const meters = new Map<string, Meter>()
  return (processId) => {
    let meter = meters.get(processId)
    if (!meter) meters.set(processId, (meter = meterOf(processId)))
    return meter
  }
}
