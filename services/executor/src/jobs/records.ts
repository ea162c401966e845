import { messageTypes, type RecordKind } from '@warren/contracts'
import { connect, isDatabaseDown } from '@warren/database'
import { backoffMs, tell, type RunningService } from '@warren/mesh'
import { setTimeout as wait } from 'node:timers/promises'
import type { LogLine } from '../runner/run.ts'
import { createRecordLane, ROW_RECORDS, type NewRecord, type RecordLane } from './record-lane.ts'
import { createRecordNews } from './record-news.ts'
import { readRecordsEnd, writeRecords, type RecordRow } from './sql/write-records.ts'

/** What one run prints and measures. */
export interface RunRecords {
  log(line: LogLine): void
  metric(name: string, value: number, step?: number): void
  /** Settles when all of it is written; what comes later is not the run's any more. */
  settle(): Promise<void>
}

/** Keeps what running jobs print and measure. */
export interface RecordWriter {
  /** To be called for a run that has something to keep: one that is silent costs nothing. */
  begin(jobId: string, attempt: number): RunRecords
}

/** Records wait for others. */
const GATHER_MS = 100
/** One statement writes about so much. */
const STATEMENT_BYTES = 262_144
/** What all runs together may have waiting; beyond it lines are dropped, and the log says so. */
const MOST_WAITING_BYTES = 268_435_456
/** An end waits so long for a database that is down; the ledger then waits no longer either. */
const SETTLE_MS = 30_000
const CLOSE_MS = 5_000
/** A database that is up and refuses rows so often is never going to take them. */
const REFUSALS = 10

export function createRecordWriter(
  { mesh, log, release }: Pick<RunningService, 'mesh' | 'log' | 'release'>,
  databaseUrl: string,
): RecordWriter {
  // a connection of its own: a flood must not stand in the way of the ledger
  const sql = connect(databaseUrl, 'executor', { max: 1 })
  const news = createRecordNews((body) => tell(mesh, 'gateway', messageTypes.recorded, body))
  /** Lanes that have something to write → whom it helps to know that it is written */
  const lanes = new Map<RecordLane, () => void>()
  let waitingBytes = 0
  let working: Promise<void> | undefined
  let hurry = (): void => {}
  const closing = new AbortController()
  release('records', close)
  return { begin }

  function begin(jobId: string, attempt: number): RunRecords {
    const own: Partial<Record<RecordKind, RecordLane>> = {}
    let dropped = 0
    let over = false
    return { log: addLine, metric: addPoint, settle: settleAll }

    function addLine(line: LogLine): void {
      if (over) return
      if (waitingBytes > MOST_WAITING_BYTES) return void dropped++
      if (dropped > 0) tellDropped()
      add('log', line)
    }

    function addPoint(name: string, value: number, step?: number): void {
      if (over || waitingBytes > MOST_WAITING_BYTES) return
      const time = Date.now()
      add('metric', step !== undefined && Number.isFinite(step) ? { name, value, step, time } : { name, value, time })
    }

    async function settleAll(): Promise<void> {
      over = true
      if (dropped > 0) tellDropped()
      await Promise.all(Object.values(own).map(settle))
    }

    function add(kind: RecordKind, record: NewRecord): void {
      const lane = (own[kind] ??= createRecordLane(jobId, kind, attempt))
      if (!lanes.has(lane)) lanes.set(lane, () => {})
      waitingBytes += lane.add(record)
      working ??= work()
      if (lane.count() >= ROW_RECORDS) hurry()
    }

    function tellDropped(): void {
      const line = `(${dropped} lines were dropped here: the database did not keep up)`
      dropped = 0
      add('log', { stream: 'log', level: 'warning', time: Date.now(), line })
    }
  }

  async function settle(lane: RecordLane): Promise<void> {
    if (!lanes.has(lane)) return
    const { promise, resolve } = Promise.withResolvers<'written' | 'late'>()
    const late = setTimeout(() => resolve('late'), SETTLE_MS)
    lanes.set(lane, () => resolve('written'))
    hurry()
    if ((await promise) === 'late') log.error({ jobId: lane.jobId }, 'a log is not complete at the end of its job')
    clearTimeout(late)
  }

  async function work(): Promise<void> {
    await Promise.race([wait(GATHER_MS), new Promise<void>((resolve) => (hurry = resolve))])
    for (let failures = 0; lanes.size > 0 && !closing.signal.aborted;) {
      try {
        await writeSome()
        failures = 0
      } catch (error) {
        if (failures === 0) log.warn({ err: error, waitingBytes }, 'log lines and metrics wait for the database')
        if (failures >= REFUSALS && !isDatabaseDown(error)) forget()
        await wait(backoffMs(failures++, 50, 1_000))
      }
    }
    working = undefined
  }

  /** One statement, in which every lane has its share. */
  async function writeSome(): Promise<void> {
    const share = STATEMENT_BYTES / lanes.size
    const taken = new Map<RecordLane, readonly RecordRow[]>()
    for (const lane of lanes.keys()) {
      if (!lane.isPlaced()) lane.place(await readRecordsEnd(sql, lane.jobId, lane.kind))
      taken.set(lane, lane.rows(share))
    }
    await writeRecords(sql, [...taken.values()].flat())
    for (const [lane, rows] of taken) {
      done(lane, rows)
      news.tell({ jobId: lane.jobId, kind: lane.kind, last: rows.at(-1)?.last ?? 0 })
    }
  }

  function forget(): void {
    for (const lane of [...lanes.keys()].filter((lane) => lane.isPlaced())) {
      const rows = lane.rows(STATEMENT_BYTES)
      log.error({ jobId: lane.jobId, rows: rows.length }, 'the database refuses log lines or metrics: they are lost')
      done(lane, rows)
    }
  }

  function done(lane: RecordLane, rows: readonly RecordRow[]): void {
    lane.written()
    for (const { size } of rows) waitingBytes -= size
    if (lane.count() > 0) return
    lanes.get(lane)?.()
    lanes.delete(lane)
  }

  async function close(): Promise<void> {
    hurry()
    await Promise.race([working, wait(CLOSE_MS, undefined, { ref: false })])
    closing.abort()
    news.close()
    await sql.end({ timeout: 1 })
  }
}
