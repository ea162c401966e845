import type { RunningService } from '@warren/mesh'
import type { Answering } from '@warren/database'
import type { Sql } from 'postgres'
import type { JobState, PauseKind } from '@warren/contracts'
import type { ActiveRuns } from './active.ts'
import type { Relay } from './relay.ts'
import type { Steering } from './steering.ts'
import { renewWriter } from './writers.ts'

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
 * Renews the leases of the jobs that this executor works on, and of no others: a claim whose answer was lost is nobody's
 * work, and has to run out. Learns what is wanted of them: so a control message may be lost, as
 * while the broker is down, and a run whose job was given to another executor ends.
 */
export function keepLeases(
  { log, release }: RunningService,
  keeper: Answering,
  executorId: string,
  active: ActiveRuns,
  /** Jobs whose end is not written yet, beside those that run */
  claimed: () => Iterable<string>,
  steering: Steering,
  relay: Pick<Relay, 'reconcile' | 'safe'>,
): void {
  let renewing = Promise.resolve()
  let reconciling: Promise<void> | undefined
  const timer = setInterval(() => {
    renewing = renewing
      .then(() => keeper.ask(renew))
      .catch((error: unknown) => log.warn({ err: error }, 'leases not renewed'))
    // beside it: leases must not wait for the broker
    reconciling ??= relay
      .reconcile()
      .catch((error: unknown) => log.debug({ err: error }, 'events not reconciled'))
      .finally(() => (reconciling = undefined))
  }, RENEW_MS)
  release('leases', async () => {
    clearInterval(timer)
    await renewing
  })

  async function renew(sql: Sql): Promise<void> {
    const ofQueue = [...claimed()]
    const held = [...new Set([...active.ids(), ...ofQueue])]
    await renewWriter(sql, executorId, relay.safe(), LEASE_MS)
    const kept = await sql<Kept[]>`
update executor.jobs
set lease_until = now() + ${LEASE_MS}::int * interval '1 ms'
where executor_id = ${executorId} and lease_until is not null and id = any(${held}::text[])
returning id, attempt, state, desired, paused_as as "pausedAs", deadline_at as "deadlineAt"`
    const attempts = new Map(kept.map(({ id, attempt }) => [id, attempt]))
    for (const job of kept) steer(job)
    for (const id of ofQueue) if (attempts.get(id) !== active.attemptOf(id)) active.abort(id, 'lost')
    // a synchronous run may have no row yet, and is lost only if another attempt has it
    for (const [id, attempt] of attempts) if (attempt !== active.attemptOf(id)) active.abort(id, 'lost')
  }

  function steer({ id, state, desired, pausedAs, deadlineAt }: Kept): void {
    if (desired === 'stop') steering.stop(id)
    if (desired === 'pause' && state === 'running') steering.pause(id, pausedAs)
    if (desired === 'run' && state === 'paused') steering.resume(id)
    steering.align(id, state)
    if (deadlineAt) steering.extend(id, deadlineAt.getTime())
  }
}
