import { toProblem, WarrenError } from '@warren/contracts'
import { backoffMs, type RunningService } from '@warren/mesh'
import type { Answering } from '@warren/database'
import type { Sql } from 'postgres'
import type { Ledger } from './ledger.ts'
import type { Relay } from './relay.ts'

const PERIOD_MS = 2_000
/** A job that is queued for longer than this has its wake-up sent again: maybe nobody was told about it. */
const UNTOLD_MS = 5_000
const BATCH = 200

interface Expired {
  readonly id: string
  readonly attempt: number
  readonly failures: number
  readonly attempts_most: number
  readonly desired: 'run' | 'pause' | 'stop'
}

/**
 * Puts right what a crash left behind. Every executor reaps: the moves are compare-and-set on the attempt, so that two
 * that find the same job change it once.
 */
export function startReaper(service: RunningService, keeper: Answering, ledger: Ledger, relay: Relay): void {
  const { log, release } = service
  let timer: NodeJS.Timeout | undefined
  let reaping = Promise.resolve()
  schedule(PERIOD_MS)
  release('reaper', async () => {
    clearTimeout(timer)
    await reaping
  })

  function schedule(ms: number): void {
    timer = setTimeout(() => {
      reaping = reapAndGoOn()
    }, ms)
  }

  async function reapAndGoOn(): Promise<void> {
    try {
      await keeper.ask(reap)
    } catch (error) {
      log.warn({ err: error }, 'could not reap')
    }
    if (!service.signal.aborted) schedule(backoffMs(0, PERIOD_MS, PERIOD_MS))
  }

  async function reap(sql: Sql): Promise<void> {
    await endExpiredLeases(sql)
    await endOverdue(sql)
    await doWhatIsWanted(sql)
    await wakeUpForgotten(sql)
    await adoptWriters(sql)
  }

  async function endExpiredLeases(sql: Sql): Promise<void> {
    const expired = await sql<Expired[]>`
select id, attempt, failures, attempts_most, desired from executor.jobs where lease_until < now() limit ${BATCH}`
    for (const { id, attempt, failures, attempts_most: most, desired } of expired) {
      const move = desired === 'stop' ? 'dismiss' : failures + 1 < most ? 'requeue' : 'fail'
      const lost = new WarrenError('EXECUTOR_LOST', `The executor was lost during attempt ${attempt} of ${most}`)
      const moved = await ledger.move({
        id,
        attempt,
        move,
        ...(move === 'fail' && { problem: JSON.stringify(toProblem(lost)) }),
      })
      if (moved) log.warn({ jobId: id, attempt, move }, 'lease expired')
    }
  }

  async function endOverdue(sql: Sql): Promise<void> {
    const overdue = await sql<{ id: string }[]>`
select id from executor.jobs where state = 'queued' and deadline_at < now()
union all
select id from executor.jobs where state in ('created', 'paused') and deadline_at < now() and lease_until is null
limit ${BATCH}`
    const problem = JSON.stringify(
      toProblem(new WarrenError('TIMEOUT', 'The deadline passed before the job could start')),
    )
    for (const { id } of overdue) await ledger.move({ id, move: 'fail', problem })
  }

  /**
   * A job whose executor was lost while somebody wanted it to rest is queued, and rests there; one that saved its state
   * when it was wanted to go on again goes on.
   */
  async function doWhatIsWanted(sql: Sql): Promise<void> {
    const unwanted = await sql<{ id: string; desired: 'run' | 'pause' | 'stop' }[]>`
select id, desired from executor.jobs where state = 'queued' and desired <> 'run'
union all
select id, desired from executor.jobs
where state = 'paused' and desired <> 'pause' and lease_until is null
limit ${BATCH}`
    const moves = { run: 'release', pause: 'hold', stop: 'dismiss' } as const
    for (const { id, desired } of unwanted) await ledger.move({ id, move: moves[desired] })
  }

  async function wakeUpForgotten(sql: Sql): Promise<void> {
    const forgotten = await sql<{ process_id: string }[]>`
select distinct process_id from executor.jobs
where state = 'queued'
  and updated_at < now() - ${UNTOLD_MS}::int * interval '1 ms'
  and (run_after is null or run_after <= now())`
    for (const { process_id: processId } of forgotten) relay.wakeUp(processId)
  }

  async function adoptWriters(sql: Sql): Promise<void> {
    const gone = await sql<{ id: string }[]>`select id from executor.writers where lease_until < now()`
    for (const { id } of gone) await relay.adopt(id)
  }
}
