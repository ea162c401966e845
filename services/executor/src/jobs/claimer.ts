import { backoffMs, type Logger } from '@warren/mesh'
import type { Ledger } from './ledger.ts'
import { LEASE_MS } from './leases.ts'
import type { ClaimedJob } from './sql/claim-jobs.ts'

export interface ClaimerOptions {
  readonly ledger: Ledger
  readonly executorId: string
  readonly log: Logger
  readonly room: () => Room
  readonly start: (job: ClaimedJob) => void
  /** The room is used up, and there may be more jobs of this process for somebody else. */
  readonly passOn: (processId: string) => void
  /** Nothing is left to claim, and there is room. */
  readonly idle: () => void
}

/** What may be claimed now. */
export interface Room {
  readonly jobs: number
  /** Process id → version of what can be run here */
  readonly offers: ReadonlyMap<string, string>
}

export interface Claimer {
  /** There may be jobs, or room: look. Calls during a look make for one more look, not for many. */
  poke(): void
  /** Looks until nothing is left or there is no room, then settles. */
  look(): Promise<void>
  stop(): void
}

/** Fills the slots of this executor with the best queued jobs. */
export function createClaimer({ ledger, executorId, log, room, start, passOn, idle }: ClaimerOptions): Claimer {
  let looking: Promise<void> | undefined
  let again = false
  const stopping = new AbortController()
  let failures = 0
  return { poke: () => void look(), look, stop: () => stopping.abort() }

  function look(): Promise<void> {
    again = true
    looking ??= lookUntilDone().finally(() => (looking = undefined))
    return looking
  }

  async function lookUntilDone(): Promise<void> {
    while (again && !stopping.signal.aborted) {
      again = false
      const { jobs: limit, offers } = room()
      if (limit <= 0 || offers.size === 0) return
      try {
        const claimed = await ledger.claim({ offers, limit, executorId, leaseMs: LEASE_MS })
        failures = 0
        for (const job of claimed) start(job)
        if (claimed.length < limit) {
          if (room().jobs > 0) idle()
          continue
        }
        again = true // there may be more
        if (room().jobs <= 0) passOn((claimed.at(-1) as ClaimedJob).processId)
      } catch (error) {
        log.warn({ err: error }, 'could not claim')
        setTimeout(() => void look(), backoffMs(failures++)).unref()
        return
      }
    }
  }
}
