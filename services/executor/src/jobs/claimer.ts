import { backoffMs, type Logger } from '@warren/mesh'
import type { Ledger } from './ledger.ts'
import { LEASE_MS } from './leases.ts'
import type { Room } from './room.ts'
import type { ClaimedJob } from './sql/claim-jobs.ts'

export interface ClaimerOptions {
  readonly ledger: Ledger
  readonly executorId: string
  /** Jobs of one owner that may run at a time; null: any number */
  readonly mostOfOwner: number | null
  readonly log: Logger
  /** Processes whose jobs have files to fetch before they run */
  readonly staging: () => readonly string[]
  /** What may be claimed now; each only when the one before it was filled. */
  readonly rooms: () => readonly Room[]
  readonly start: (job: ClaimedJob) => void
  /** The room is used up, and there may be more jobs of this process for somebody else. */
  readonly passOn: (processId: string) => void
  /** Nothing is left to claim, and there is room. */
  readonly idle: () => void
}

export interface Claimer {
  /** A job may have been queued: looks until nothing is left or there is no room, then settles. */
  look(): Promise<void>
  /** A slot may be free: looks, unless the last look found nothing more, as then somebody tells of the next job. */
  roomFreed(): void
  stop(): void
}

/** Fills the slots of this executor with the best queued jobs. */
export function createClaimer({
  ledger,
  executorId,
  mostOfOwner,
  staging,
  log,
  rooms,
  start,
  passOn,
  idle,
}: ClaimerOptions): Claimer {
  let looking: Promise<void> | undefined
  let again = false
  /** The last claim left nothing behind. */
  let exhausted = false
  const stopping = new AbortController()
  let failures = 0
  return { look, roomFreed, stop: () => stopping.abort() }

  function roomFreed(): void {
    if (exhausted) idle()
    else void look()
  }

  function look(): Promise<void> {
    again = true
    exhausted = false
    looking ??= lookUntilDone().finally(() => (looking = undefined))
    return looking
  }

  async function lookUntilDone(): Promise<void> {
    while (again && !stopping.signal.aborted) {
      again = false
      try {
        await fill(rooms())
        failures = 0
      } catch (error) {
        log.warn({ err: error }, 'could not claim')
        setTimeout(() => void look(), backoffMs(failures++)).unref()
        return
      }
    }
  }

  async function fill(free: readonly Room[]): Promise<void> {
    let last: ClaimedJob | undefined
    for (const { jobs: limit, offers } of free) {
      if (offers.size === 0) return
      const claimed = await ledger.claim({
        offers,
        limit,
        executorId,
        leaseMs: LEASE_MS,
        mostOfOwner,
        staging: staging(),
      })
      for (const job of claimed) start(job)
      if (claimed.length < limit) {
        // a room for some processes says nothing of the others; and somebody may have told of a job meanwhile
        exhausted = last === undefined && !again
        if (rooms().length > 0) idle()
        return
      }
      last = claimed.at(-1)
    }
    if (!last) return
    if (rooms().length > 0) again = true
    else passOn(last.processId)
  }
}
