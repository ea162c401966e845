import { toProblem, WarrenError } from '@warren/contracts'
import { backoffMs, type RunningService } from '@warren/mesh'
import type { Answering } from '@warren/database'
import type { Sql } from 'postgres'
import type { Ledger } from './ledger.ts'
import type { Relay } from './relay.ts'
import { findExpired, findForgotten, findOverdue, findUnwanted } from './sql/overlooked-jobs.ts'

const PERIOD_MS = 2_000
/** A job that is queued for longer than this has its wake-up sent again: maybe nobody was told about it. */
const UNTOLD_MS = 5_000

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
    for (const { id, attempt, failures, attempts_most: most, desired } of await findExpired(sql)) {
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
    const problem = JSON.stringify(
      toProblem(new WarrenError('TIMEOUT', 'The deadline passed before the job could start')),
    )
    for (const { id } of await findOverdue(sql)) await ledger.move({ id, move: 'fail', problem })
  }

  /**
   * A job whose executor was lost while somebody wanted it to rest is queued, and rests there; one that saved its state
   * when it was wanted to go on again goes on.
   */
  async function doWhatIsWanted(sql: Sql): Promise<void> {
    const moves = { run: 'release', pause: 'hold', stop: 'dismiss' } as const
    for (const { id, desired } of await findUnwanted(sql)) await ledger.move({ id, move: moves[desired] })
  }

  async function wakeUpForgotten(sql: Sql): Promise<void> {
    for (const processId of await findForgotten(sql, UNTOLD_MS)) relay.wakeUp(processId)
  }

  async function adoptWriters(sql: Sql): Promise<void> {
    const gone = await sql<{ id: string }[]>`select id from executor.writers where lease_until < now()`
    for (const { id } of gone) await relay.adopt(id)
  }
}
