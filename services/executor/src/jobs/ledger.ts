import { answering, connect, isDatabaseDown } from '@warren/database'
import type { Sql } from 'postgres'
import { byIndex } from './by-index.ts'
import type { WrittenEvent } from './events.ts'
import { FEW, groupCommit } from './group-commit.ts'
import { claimJobs, type Claim, type ClaimedJob } from './sql/claim-jobs.ts'
import { insertJobs, isThere, type InsertedJob, type NewJob } from './sql/insert-jobs.ts'
import { moveJobs, type JobMove } from './sql/move-jobs.ts'
import { reportProgress, type ProgressReport } from './sql/report-progress.ts'

/** The only writer of jobs and their events on this instance. @throws what `asWarrenError` of the database knows */
export interface Ledger {
  /** Settles once the job is stored, with the time of the database then; null when its id was there before. */
  insert(job: NewJob): Promise<InsertedJob | null>
  /** Many callers at a time wait for their jobs to be stored, or did a moment ago. */
  isCrowded(): boolean
  /** Whether the move was made; if not, somebody else was first. */
  move(move: JobMove): Promise<boolean>
  claim(claim: Claim): Promise<ClaimedJob[]>
  progress(reports: readonly ProgressReport[]): Promise<void>
  close(): Promise<void>
}

/** Jobs that were claimed together end together. Nobody waits for that but who claims the next ones. */
const GATHER_MS = 1

/** So long after a crowd of callers the next one is expected. */
const CROWD_MS = 50

/**
 * One connection carries every write, so that the statements commit one after another, in the order of their events'
 * sequence numbers: that is what lets the relay remember how far it came as a single number.
 */
export function openLedger(
  databaseUrl: string,
  writer: string,
  written: (events: readonly WrittenEvent[]) => void,
  /** A statement failed: whether it was committed is not known. */
  unanswered: () => void = () => {},
): Ledger {
  const options = { max: 1, idle_timeout: 0, connection: byIndex }
  const { ask: askOnce, close } = answering(() => connect(databaseUrl, 'executor', options))
  let turn: Promise<unknown> = Promise.resolve()
  let crowdedAt = -Infinity
  const insert = groupCommit<NewJob, InsertedJob | null>(async (jobs) => {
    if (jobs.length > FEW) crowdedAt = performance.now()
    const events = await insertMany(jobs)
    const inserted = new Map(events.map((event) => [event.jobId, event]))
    return jobs.map(({ id }) => {
      const job = inserted.get(id) ?? null
      inserted.delete(id) // of two with one id in a statement the first one is the job
      return job
    })
  }, isDatabaseDown)
  const move = groupCommit<JobMove, boolean>(
    async (moves) => {
      const moved = await ask((sql) => moveJobs(sql, writer, moves))
      const made = new Set(moved.map(({ n }) => n))
      return moves.map((_, n) => made.has(n))
    },
    isDatabaseDown,
    GATHER_MS,
  )
  return {
    insert,
    isCrowded: () => performance.now() - crowdedAt < CROWD_MS,
    move,
    claim: (claim) => ask((sql) => claimJobs(sql, writer, claim)),
    progress: async (reports) => void (await ask((sql) => reportProgress(sql, writer, reports))),
    close,
  }

  async function insertMany(jobs: readonly NewJob[]): Promise<InsertedJob[]> {
    try {
      return await ask((sql) => insertJobs(sql, writer, jobs, false))
    } catch (error) {
      if (!isThere(error)) throw error
      return await ask((sql) => insertJobs(sql, writer, jobs, true))
    }
  }

  /** Answers of one moment are told in the order of their statements, however many promises each is behind. */
  function ask<Event extends WrittenEvent>(statement: (sql: Sql) => Promise<Event[]>): Promise<Event[]> {
    const before = turn
    const told = Promise.all([askOnce(statement), before]).then(
      ([events]) => {
        written(events)
        return events
      },
      (error: unknown) => {
        if (!isThere(error)) unanswered()
        throw error
      },
    )
    turn = told.catch(() => before)
    return told
  }
}
