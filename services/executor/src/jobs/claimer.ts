import { setTimeout as wait } from 'node:timers/promises'
import { backoffMs, type Logger } from '@warren/mesh'
import type { Ledger } from './ledger.ts'
import { LEASE_MS } from './leases.ts'
import { inOne, type Room } from './room.ts'
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
  /** The last look left nothing behind, and nobody has told of a job since: whatever comes now is the next one. */
  isExhausted(): boolean
  stop(): void
}

/** So long after a look for any job only those that are over in a moment are looked for, while there are enough of them. */
const ANY_EVERY_MS = 20

/** While many callers wait for the ledger, jobs for which nobody waits and that are over in a moment are claimed so often. */
const CROWDED_EVERY_MS = 25
const LOOK_MS = 5

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
  let lookedForAny = -Infinity
  let claimedAt = -Infinity
  const stopping = new AbortController()
  let failures = 0
  return { look, roomFreed, isExhausted: () => exhausted && !stopping.signal.aborted, stop: () => stopping.abort() }

  function roomFreed(): void {
    if (exhausted) idle()
    else void look()
  }

  function look(): Promise<void> {
    again = true
    exhausted = false
    looking ??= lookUntilDone()
    return looking
  }

  async function lookUntilDone(): Promise<void> {
    while (again && !stopping.signal.aborted) {
      again = false
      try {
        await letCallersPass()
        const free = rooms()
        const gathered = performance.now() - lookedForAny < ANY_EVERY_MS ? inOne(free) : undefined
        await (gathered ? fillGathered(gathered) : fill(free))
        failures = 0
      } catch (error) {
        log.warn({ err: error }, 'could not claim')
        setTimeout(() => void look(), backoffMs(failures++)).unref()
        break
      }
    }
    looking = undefined // in the turn in which `again` was read: a look in the next one is a new one
  }

  /** Answers come before jobs that may as well run a moment later, and more of those then cost one claim. */
  async function letCallersPass(): Promise<void> {
    const isDue = (): boolean => performance.now() - claimedAt >= CROWDED_EVERY_MS
    while (!isDue() && ledger.isCrowded() && rooms().some(({ of }) => of === 'short')) await wait(LOOK_MS)
  }

  async function fill(free: readonly Room[]): Promise<void> {
    let last: ClaimedJob | undefined
    for (const room of free) {
      if (room.offers.size === 0) return
      if (room.of === 'all') lookedForAny = performance.now()
      const claimed = await claim(room)
      if (claimed.length < room.jobs) {
        // that there are no short ones says nothing of the others; and somebody may have told of a job meanwhile
        exhausted = room.of === 'all' && !again
        if (rooms().length > 0) idle()
        return
      }
      last = claimed.at(-1)
    }
    if (last) goOn(last)
  }

  /** One claim where there were two. */
  async function fillGathered(room: Room): Promise<void> {
    const claimed = await claim(room)
    const last = claimed.at(-1)
    if (last && claimed.length === room.jobs) return goOn(last)
    // there may be others
    lookedForAny = -Infinity
    again = true
  }

  async function claim({ jobs: limit, offers }: Room): Promise<ClaimedJob[]> {
    claimedAt = performance.now()
    const claimed = await ledger.claim({
      offers,
      limit,
      executorId,
      leaseMs: LEASE_MS,
      mostOfOwner,
      staging: staging(),
    })
    for (const job of claimed) start(job)
    return claimed
  }

  function goOn(last: ClaimedJob): void {
    if (rooms().length > 0) again = true
    else passOn(last.processId)
  }
}
