import { answering, connect, openDatabase, type Database } from '@warren/database'
import type { executor as contract } from '@warren/contracts'
import { handler, type ReplyBy, type RunningService } from '@warren/mesh'
import type { Config } from './config.ts'
import { createGrammars, type Grammars } from './grammar/grammars.ts'
import { createActiveRuns } from './jobs/active.ts'
import { createArrivals, type Arrivals } from './jobs/arrivals.ts'
import { createBacklog, type Backlog } from './jobs/backlog.ts'
import { byIndex } from './jobs/by-index.ts'
import { createCheckpointWriter } from './jobs/checkpoints.ts'
import { createClaimer, type Claimer } from './jobs/claimer.ts'
import type { WrittenEvent } from './jobs/events.ts'
import { keepLeases, LEASE_MS } from './jobs/leases.ts'
import { openLedger, type Ledger } from './jobs/ledger.ts'
import { createProgressWriter } from './jobs/progress.ts'
import { hasRoomFor, measureRoom } from './jobs/room.ts'
import { startReaper } from './jobs/reaper.ts'
import { createRecordWriter } from './jobs/records.ts'
import { createRelay, type Relay } from './jobs/relay.ts'
import { createSteering, listenForSteering, type Steering } from './jobs/steering.ts'
import { createTellings } from './jobs/tellings.ts'
import { registerWriter } from './jobs/writers.ts'
import { measureExecutor } from './metrics.ts'
import { hostEnvironment } from './runner/hosts.ts'
import { interpreterOf } from './runner/interpreter.ts'
import { createPool, type Pool, type PoolOptions } from './runner/pool.ts'
import { createCallers, type Callers } from './runs/callers.ts'
import { createClaimedRuns } from './runs/claimed.ts'
import { createLongRuns, type LongRuns } from './runs/long-runs.ts'
import { observeRuns } from './runs/observed.ts'
import { openBlobCache } from './staging/blob-cache.ts'
import { createFilesClient, type FilesClient } from './staging/files-client.ts'
import { createStaging } from './staging/staging.ts'
import { createRunJob, type RunJob } from './runs/run-job.ts'

export interface Context {
  readonly executorId: string
  readonly config: Config
  /** Where and with what children are started */
  readonly hosts: Pick<PoolOptions, 'workRoot' | 'env' | 'python'>
  readonly service: RunningService
  readonly db: Database['db']
  readonly ledger: Ledger
  readonly relay: Relay
  readonly pool: Pool
  readonly steering: Steering
  readonly backlog: Backlog
  readonly grammars: Grammars
  readonly files: FilesClient
  readonly arrivals: Arrivals
  readonly claimer: Claimer
  readonly longRuns: LongRuns
  /** Message ids of the synchronous calls under way → their replies */
  readonly synchronous: Map<string, Promise<ReplyBy<typeof contract.operations.execute>>>
  readonly runJob: RunJob
  readonly callers: Callers
  /** Called when there is room again and nothing left to claim. */
  readonly onIdle: Set<() => void>
}

export const handle = handler<Context>()

/** What puts a job into the queue */
const queueing: ReadonlySet<string | null> = new Set(['jobAccepted', 'jobRequeued', 'jobResumed'])
/** How long running jobs may go on when the service stops; then they are handed back. */
const DRAIN_MS = 15_000

export async function openContext(config: Config, service: RunningService): Promise<Context> {
  const { mesh, log, release, signal } = service
  const executorId = mesh.instance
  const migrations = new URL('../drizzle/', import.meta.url)
  const [{ sql, db }, python] = await Promise.all([
    openDatabase({ databaseUrl: config.databaseUrl, schema: 'executor', migrations }, service),
    interpreterOf(config.python, hostEnvironment(config.env)),
  ])
  const hosts = { workRoot: config.workDir, env: config.env, python }
  const relay = createRelay(mesh, sql, executorId, await registerWriter(sql, executorId, LEASE_MS))
  release('relay', () => relay.close())
  const written = (events: readonly WrittenEvent[]): void => {
    relay.push(events)
    for (const { event, processId, isClaimed } of events) {
      if (queueing.has(event) && !isClaimed) announceWork(processId)
    }
  }
  const ledger = openLedger(config.databaseUrl, executorId, written, () => relay.doubt())
  release('ledger', () => ledger.close())
  const pool = createPool({ slots: config.slots, ...hosts })
  release('pool', () => pool.close())
  const active = createActiveRuns()
  const grammars = createGrammars(mesh)
  const longRuns = createLongRuns()
  release('long runs', () => longRuns.close())
  const onIdle = new Set<() => void>()
  const callers = createCallers()
  const progress = createProgressWriter(service, ledger)
  const checkpoints = createCheckpointWriter(service, sql)
  const records = createRecordWriter(service, config.databaseUrl)
  const tellings = createTellings(mesh)
  const files = createFilesClient(mesh)
  const cache = await openBlobCache(config.cache.dir, config.cache.maxBytes)
  const staging = createStaging({ files, cache, policy: config.references, db, log, workDir: config.workDir })
  const runJob = observeRuns(
    mesh,
    createRunJob({ mesh, pool, active, callers, progress, checkpoints, records, tellings, staging }),
  )
  const claimedRuns = createClaimedRuns({
    ledger,
    grammars,
    executorId,
    log,
    runJob,
    ended: () => claimer.roomFreed(),
    retryDue: (processId, afterMs) => void setTimeout(() => announceWork(processId), afterMs).unref(),
  })
  const room = { pool, claimed: claimedRuns.processIds, arriving: () => arrivals.processIds() }
  const claimer = createClaimer({
    ledger,
    executorId,
    mostOfOwner: config.ownerRunning,
    staging: grammars.fetching,
    log,
    rooms: () => measureRoom({ ...room, offers: grammars.offers }),
    start: claimedRuns.start,
    passOn: (processId) => relay.wakeUp(processId),
    idle: () => {
      for (const listener of onIdle) listener()
    },
  })
  const arrivals = createArrivals({
    ledger,
    claimer,
    executorId,
    mostOfOwner: config.ownerRunning,
    offers: grammars.offers,
    staging: grammars.fetching,
    hasRoomFor: (processId) => hasRoomFor(processId, room),
    start: claimedRuns.start,
  })
  release('claimed runs', finishClaimedRuns)
  // from then on what is queued is for others
  signal.addEventListener('abort', () => claimer.stop())
  pool.onFree(() => claimer.roomFreed())
  const steering = createSteering({ active, pool, ledger, executorId, log })
  listenForSteering(mesh, steering)
  // not the pool: leases must be renewed however long other statements wait
  const keeper = answering(() => connect(config.databaseUrl, 'executor', { max: 2, connection: byIndex }))
  release('keeper', () => keeper.close())
  keepLeases(service, keeper, executorId, active, claimedRuns.jobIds, steering, relay)
  startReaper(service, keeper, ledger, relay)
  measureExecutor(service, { pool, sql, relay, executorId, active })
  return {
    executorId,
    config,
    hosts,
    service,
    db,
    ledger,
    relay,
    pool,
    steering,
    backlog: createBacklog(sql, config.ownerQueued),
    grammars,
    files,
    arrivals,
    claimer,
    longRuns,
    synchronous: new Map(),
    runJob,
    callers,
    onIdle,
  }

  /** Somebody else is only told when this executor cannot take the job at once. */
  function announceWork(processId: string): void {
    const here = !signal.aborted && grammars.local(processId) !== undefined
    if (here) void claimer.look()
    if (!here || pool.free() === 0) relay.wakeUp(processId)
  }

  async function finishClaimedRuns(): Promise<void> {
    const late = setTimeout(() => {
      for (const jobId of active.ids()) active.abort(jobId, 'handed back')
    }, DRAIN_MS)
    await claimedRuns.idle()
    clearTimeout(late)
  }
}
