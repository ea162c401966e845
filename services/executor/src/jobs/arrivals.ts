import type { Claimer } from './claimer.ts'
import type { Ledger } from './ledger.ts'
import { LEASE_MS } from './leases.ts'
import type { ClaimedJob } from './sql/claim-jobs.ts'
import type { InsertedJob, NewJob } from './sql/insert-jobs.ts'

export interface ArrivalsOptions {
  readonly ledger: Pick<Ledger, 'insert'>
  readonly claimer: Pick<Claimer, 'isExhausted' | 'roomFreed'>
  readonly executorId: string
  /** Jobs of one owner that may run at a time; null: any number */
  readonly mostOfOwner: number | null
  /** Process id → version of what can be run here */
  readonly offers: () => ReadonlyMap<string, string>
  /** Processes whose jobs have files to fetch before they run */
  readonly staging: () => readonly string[]
  readonly hasRoomFor: (processId: string) => boolean
  readonly start: (job: ClaimedJob) => void
}

/** Jobs that were submitted, on their way into the ledger. */
export interface Arrivals {
  /** Settles once the job is stored; null when its id was there before. */
  store(job: NewJob, hasFiles: boolean): Promise<InsertedJob | null>
  /** Process ids of jobs that are going to be started here when they are stored */
  processIds(): readonly string[]
}

/**
 * Stores jobs. One that this executor would claim next is claimed by the statement that stores it, which spares most of
 * the work of a claim: nothing is queued that it could overtake, and there is room. Whatever more a claim decides, as the
 * share of an owner or files to fetch, is left to claims.
 */
export function createArrivals(options: ArrivalsOptions): Arrivals {
  const { ledger, claimer, executorId, mostOfOwner, offers, staging, hasRoomFor, start } = options
  const arriving = new Set<NewJob>()
  return { store, processIds: () => Array.from(arriving, ({ process_id: processId }) => processId) }

  async function store(job: NewJob, hasFiles: boolean): Promise<InsertedJob | null> {
    const version = job.state === 'queued' && !hasFiles ? versionFor(job) : undefined
    return version === undefined ? ledger.insert(job) : storeClaimed(job, version)
  }

  /** The version that runs here, if the job is to run here and now. */
  function versionFor({ process_id: processId }: NewJob): string | undefined {
    if (mostOfOwner !== null || !claimer.isExhausted() || staging().includes(processId)) return undefined
    const version = offers().get(processId)
    return version !== undefined && hasRoomFor(processId) ? version : undefined
  }

  async function storeClaimed(job: NewJob, version: string): Promise<InsertedJob | null> {
    const claimed: NewJob = {
      ...job,
      state: 'running',
      attempt: 1,
      executor_id: executorId,
      process_version: version,
      lease_ms: LEASE_MS,
    }
    arriving.add(claimed)
    let stored: InsertedJob | null = null
    try {
      stored = await ledger.insert(claimed)
    } finally {
      arriving.delete(claimed)
      if (stored) start(begun(claimed, stored))
      else claimer.roomFreed()
    }
    return stored
  }
}

function begun(
  { attempts_most: attemptsMost, request, traceparent, deadline }: NewJob,
  stored: InsertedJob,
): ClaimedJob {
  const deadlineAt = deadline === null ? null : new Date(deadline)
  return { ...stored, failures: 0, attemptsMost, request, checkpoint: null, traceparent, deadlineAt }
}
