import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { exchanges, executor, messageTypes, type Event } from '@warren/contracts'
import { backoffMs, emit, type Mesh } from '@warren/mesh'
import { nanoid } from 'nanoid'
import type { Sql } from 'postgres'
import { eventData, type Position, type WrittenEvent } from './events.ts'
import { createPublished, type Published } from './published.ts'

/** Brings committed events to the broker, each at least once and in the order of the writer that wrote them. */
export interface Relay extends Omit<Published, 'add'> {
  push(events: readonly WrittenEvent[]): void
  /** Tells executors that jobs of this process are queued. A hint: the reaper covers its loss. */
  wakeUp(processId: string): void
  /** Publishes what a writer that is gone left behind, and forgets the writer. */
  adopt(writer: string): Promise<void>
  close(): Promise<void>
}

const BATCH = 256
/** Events wait for others: so most confirms are spared, and the answer to a caller, which is due now, goes first. */
const GATHER_MS = 4
/** After a rest of so long hardly any others will come: then only the answer goes first. */
const REST_MS = 10
/** Beyond it the relay forgets the events and reads them from the table again, when the broker is back. */
const MEMORY_MOST = 5_000
/** Wake-ups of one process within it are one: whoever takes it and leaves jobs behind passes it on. */
const WAKE_UP_MS = 20

export function createRelay(mesh: Mesh, sql: Sql, writer: string, startAt: Position): Relay {
  let pending: WrittenEvent[] = []
  let behind = false
  const published = createPublished({
    sql,
    writer,
    startAt,
    underWay: () => (behind ? undefined : pending),
    publishNext: async (after) => {
      const [next] = await readAfter(writer, after)
      if (next) await publish(next)
    },
  })
  let working: Promise<void> | undefined
  let publishedAt = -Infinity
  const closing = new AbortController()
  const closed = closing.signal
  const woken = new Map<string, NodeJS.Timeout>()
  const again = new Set<string>()
  const { position, safe, doubt, reconcile } = published
  return { push, wakeUp, adopt, position, safe, doubt, reconcile, close }

  function push(events: readonly WrittenEvent[]): void {
    if (!behind) for (const event of events) if (event.seq !== null) pending.push(event)
    if (pending.length > MEMORY_MOST) {
      pending = []
      behind = true
    }
    if (pending.length > 0 || behind) working ??= work()
  }

  async function work(): Promise<void> {
    for (let failures = 0; (pending.length > 0 || behind) && !closed.aborted;) {
      await (performance.now() - publishedAt < REST_MS ? wait(GATHER_MS) : turn())
      try {
        await publishSome()
        publishedAt = performance.now()
        failures = 0
      } catch (error) {
        if (failures === 0) mesh.log.warn({ err: error, waiting: pending.length }, 'events wait for the broker')
        await wait(backoffMs(failures++))
      }
    }
    working = undefined
  }

  async function publishSome(): Promise<void> {
    if (behind) {
      behind = false // from here on `push` keeps what is committed, so nothing falls between the two
      const missed = await readAfter(writer, position())
      if (missed.length === BATCH) behind = true
      const last = Number(missed.at(-1)?.seq ?? position().seq)
      // one writer draws its numbers in the order in which it commits
      pending = behind ? missed : [...missed, ...pending.filter(({ seq }) => Number(seq) > last)]
    }
    const batch = pending.slice(0, BATCH)
    await Promise.all(batch.map(publish))
    pending = pending.slice(batch.length)
    published.add(batch)
  }

  async function publish(written: WrittenEvent): Promise<void> {
    const { seq, event, at, notify } = written
    if (event === null || at === null) return
    const contract: Event = executor.events[event]
    const data = eventData(written)
    const envelope = { id: String(seq), time: at.toISOString() }
    await emit(mesh, contract, data, envelope)
    // who tells a job's own subscriber must not have to read the events of all jobs
    if (notify) await emit(mesh, contract, data, { ...envelope, to: { exchange: exchanges.notify, key: 'job' } })
  }

  function wakeUp(processId: string): void {
    if (woken.has(processId)) {
      again.add(processId)
      return
    }
    const rest = setTimeout(() => {
      woken.delete(processId)
      if (again.delete(processId)) wakeUp(processId)
    }, WAKE_UP_MS)
    woken.set(processId, rest)
    void publishWakeUp(processId)
  }

  async function publishWakeUp(processId: string): Promise<void> {
    try {
      await mesh.publisher.publish({
        exchange: exchanges.jobs,
        key: processId,
        body: Buffer.from(JSON.stringify({ processId })),
        properties: {
          messageId: nanoid(),
          type: messageTypes.wakeUp,
          contentType: 'application/json',
          persistent: true,
        },
      })
    } catch (error) {
      mesh.log.debug({ err: error, processId }, 'wake-up not published')
    }
  }

  async function adopt(gone: string): Promise<void> {
    for (;;) {
      const [row] = await sql<Position[]>`
select published_xid::text as xid, published_to as seq from executor.writers where id = ${gone}`
      if (!row) return
      const left = await readAfter(gone, row)
      await Promise.all(left.map(publish))
      for (const { event, processId } of left) if (event === 'jobAccepted') wakeUp(processId)
      const last = left.at(-1)
      if (last && left.length === BATCH) {
        await sql`
update executor.writers set published_xid = ${last.xid}::text::xid8, published_to = ${last.seq} where id = ${gone}`
      } else {
        await sql`delete from executor.writers where id = ${gone} and lease_until < now()`
        return
      }
    }
  }

  async function readAfter(of: string, { xid, seq }: Position): Promise<WrittenEvent[]> {
    return await sql<WrittenEvent[]>`
select
  e.xid::text, e.seq, e.job_id as "jobId", e.process_id as "processId", e.owner, e.event, e.state, e.attempt, e.at, e.data,
  coalesce(j.notify, false) as notify
from executor.events e
left join executor.jobs j on j.id = e.job_id
where e.writer = ${of} and (e.xid, e.seq) > (${xid}::text::xid8, ${seq}::bigint)
order by e.xid, e.seq
limit ${BATCH}`
  }

  async function close(): Promise<void> {
    await Promise.race([working, wait(5_000, undefined, { ref: false })])
    closing.abort()
    for (const timer of woken.values()) clearTimeout(timer)
    for (const processId of again) await publishWakeUp(processId)
  }
}
