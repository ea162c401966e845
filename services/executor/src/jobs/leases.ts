import type { RunningService } from '@warren/mesh'
import type { Sql } from 'postgres'
import type { JobState, PauseKind } from '@warren/contracts'
import type { ActiveRuns } from './active.ts'
import type { Position } from './events.ts'
import type { Steering } from './steering.ts'

export const LEASE_MS = 20_000
const RENEW_MS = 5_000

interface Kept {
  readonly id: string
  readonly attempt: number
  readonly state: JobState
  readonly desired: 'run' | 'pause' | 'stop'
  readonly pausedAs: PauseKind | null
  readonly deadlineAt: Date | null
}

/**
 * Renews the leases of this executor's jobs, and learns what is wanted of them: so a control message may be lost, as
 * while the broker is down, and a run whose job was given to another executor ends.
 */
export function keepLeases(
  { log, release }: RunningService,
  sql: Sql,
  executorId: string,
  active: ActiveRuns,
  steering: Steering,
  published: () => Position,
): void {
  let renewing = Promise.resolve()
  const timer = setInterval(() => {
    renewing = renewing.then(renew).catch((error: unknown) => log.warn({ err: error }, 'leases not renewed'))
  }, RENEW_MS)
  release('leases', async () => {
    clearInterval(timer)
    await renewing
  })

  async function renew(): Promise<void> {
    const held = [...active.ids()]
    const { xid, seq } = published()
    await sql`
update executor.writers
set lease_until = now() + ${LEASE_MS}::int * interval '1 ms', published_xid = ${xid}::text::xid8, published_to = ${seq}
where id = ${executorId}`
    const kept = await sql<Kept[]>`
update executor.jobs
set lease_until = now() + ${LEASE_MS}::int * interval '1 ms'
where executor_id = ${executorId} and lease_until is not null
returning id, attempt, state, desired, paused_as as "pausedAs", deadline_at as "deadlineAt"`
    const attempts = new Map(kept.map(({ id, attempt }) => [id, attempt]))
    for (const job of kept) steer(job)
    // a synchronous run that has no row yet is not in the answer either: only rows of another attempt mean a loss
    for (const id of held) {
      const attempt = attempts.get(id)
      if (attempt !== undefined && attempt !== active.attemptOf(id)) active.abort(id, 'lost')
    }
  }

  function steer({ id, state, desired, pausedAs, deadlineAt }: Kept): void {
    if (desired === 'stop') steering.stop(id)
    if (desired === 'pause' && state === 'running') steering.pause(id, pausedAs)
    if (desired === 'run' && state === 'paused') steering.resume(id)
    if (deadlineAt) steering.extend(id, deadlineAt.getTime())
  }
}
