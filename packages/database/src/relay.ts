import type { TransactionSql } from 'postgres'
import type { Host } from './host.ts'
import type { Database } from './open.ts'
import type { OutboxEvent } from './outbox.ts'

const batch = 100
const pollMs = 2_000
/** Shorter than `idle_in_transaction_session_timeout`, which would undo the batch. */
const publishTimeoutMs = 5_000

type Row = Omit<OutboxEvent, 'time'> & { key: string; time: Date }

export interface Relay {
  /** Call it after a commit that wrote events, so that they need not wait for the next poll. */
  wake(): void
}

/**
 * Publishes the events of the schema's table `outbox` in order, each at least once, and deletes what was confirmed.
 * A lock of the transaction keeps the order when instances share an outbox: one publishes, the others find nothing to
 * do. It is gone with its session, so a crash holds nobody up.
 */
export function openRelay(
  { sql, schema }: Pick<Database, 'sql' | 'schema'>,
  service: Pick<Host, 'log' | 'release'>,
  publish: (event: OutboxEvent) => Promise<void>,
): Relay {
  let running: Promise<void> | undefined
  let again = false
  let failing = false
  const timer = setInterval(wake, pollMs)
  service.release('outbox', async () => {
    clearInterval(timer)
    wake()
    await running
  })
  wake()
  return { wake }

  function wake(): void {
    again = true
    running ??= run()
  }

  async function run(): Promise<void> {
    while (again) {
      again = false
      try {
        if ((await sql.begin(publishBatch)) === batch) again = true
        failing = false
      } catch (error) {
        if (!failing) service.log.warn({ err: error, schema }, 'events wait in the outbox')
        failing = true
      }
    }
    running = undefined
  }

  async function publishBatch(sql: TransactionSql): Promise<number> {
    const [lock] =
      await sql`select pg_try_advisory_xact_lock(hashtextextended(${`warren.outbox.${schema}`}, 0)) as held`
    if (!lock?.['held']) return 0
    const rows = await sql<Row[]>`
      select id as key, event_id as id, event, data, created_at as time
      from ${sql(schema)}.outbox order by outbox.id limit ${batch}
    `
    const confirmed: string[] = []
    let failure: unknown
    const deadline = performance.now() + publishTimeoutMs
    for (const { key, id, event, data, time } of rows) {
      if (performance.now() > deadline) break
      try {
        await within(deadline - performance.now(), publish({ id, event, data, time: time.toISOString() }))
        confirmed.push(key)
      } catch (error) {
        failure = error
        break
      }
    }
    if (confirmed.length > 0) await sql`delete from ${sql(schema)}.outbox where id = any(${confirmed}::bigint[])`
    if (failure !== undefined && confirmed.length === 0) throw failure
    return confirmed.length
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, ms, new Error('the broker did not confirm in time'))
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
