import type { RunningService } from '@warren/mesh'
import type { Sql } from 'postgres'
import type { ActiveRuns } from './active.ts'

export const LEASE_MS = 20_000
const RENEW_MS = 5_000

/**
 * Renews the leases of this executor's jobs, and learns what is wanted of them: so a stop reaches the run even while
 * the broker is down, and a run whose job was given to another executor ends.
 */
export function keepLeases(
  { log, release }: RunningService,
  sql: Sql,
  executorId: string,
  active: ActiveRuns,
  published: () => number,
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
    await sql`
update executor.writers
set lease_until = now() + ${LEASE_MS}::int * interval '1 ms', published_to = greatest(published_to, ${published()})
where id = ${executorId}`
    const kept = await sql<{ id: string; attempt: number; desired: string }[]>`
update executor.jobs
set lease_until = now() + ${LEASE_MS}::int * interval '1 ms'
where executor_id = ${executorId} and lease_until is not null
returning id, attempt, desired`
    const attempts = new Map(kept.map(({ id, attempt }) => [id, attempt]))
    for (const { id, desired } of kept) if (desired === 'stop') active.stop(id)
    // a synchronous run that has no row yet is not in the answer either: only rows of another attempt mean a loss
    for (const id of held) {
      const attempt = attempts.get(id)
      if (attempt !== undefined && attempt !== active.attemptOf(id)) active.lose(id)
    }
  }
}
