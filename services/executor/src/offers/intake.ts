import { exchanges, executor, queues } from '@warren/contracts'
import { asWarrenError } from '@warren/database'
import { callQueue, consume, hintQueue, serveOperation, type Delivery } from '@warren/mesh'
import type { Context } from '../context.ts'
import { describeProcess } from '../handlers/describeProcess.ts'
import { execute } from '../handlers/execute.ts'

/** What listens for runs of one process: calls that wait, and wake-ups for jobs that are queued. */
export interface Intake {
  readonly up: Promise<unknown>
  close(): Promise<void>
}

/** Calls taken at a time while a run is over in a moment; else as many as there are slots, the rest is for others. */
const PREFETCH_SHORT = 64
const PACE_MS = 250
/** Questions about the process that are answered at a time */
const QUESTIONS = 4

export function openIntake(processId: string, context: Context): Intake {
  const { mesh } = context.service
  const { pool, callers } = context
  const calls = serveOperation(
    mesh,
    executor.operations.execute,
    callQueue(queues.execute(processId), { exchange: exchanges.execute, key: processId }),
    context,
    execute,
    { prefetch: pool.slots, translate: asWarrenError },
  )
  const questions = serveOperation(
    mesh,
    executor.operations.describeProcess,
    callQueue(queues.describe(processId), { exchange: exchanges.describe, key: processId }),
    context,
    describeProcess,
    { prefetch: QUESTIONS },
  )
  const wakeUps = consume(mesh.consuming, {
    queue: hintQueue(queues.jobs(processId), { exchange: exchanges.jobs, key: processId }),
    prefetch: 1,
    log: mesh.log,
    onDelivery: (delivery) => void onWakeUp(delivery),
  })
  mesh.listeners.add(wakeUps)
  mesh.watchedQueues.add(queues.jobs(processId))
  let prefetch = pool.slots
  const pace = setInterval(() => setPrefetch(wantedPrefetch()), PACE_MS)
  // at once when it must grow; back again at the pace
  const onMore = (caller: string): void => {
    if (caller === processId) setPrefetch(Math.max(prefetch, wantedPrefetch()))
  }
  callers.onMore.add(onMore)
  const onIdle = (): void => void wakeUps.resume()
  context.onIdle.add(onIdle)
  return { up: Promise.all([calls.up, questions.up, wakeUps.up]), close }

  function wantedPrefetch(): number {
    return (pool.isShort(processId) ? PREFETCH_SHORT : pool.slots) + callers.waiting(processId)
  }

  function setPrefetch(wanted: number): void {
    if (wanted === prefetch) return
    prefetch = wanted
    void calls.setPrefetch(wanted)
  }

  /** A wake-up says only that something is queued: the ledger decides what is run. */
  async function onWakeUp(delivery: Delivery): Promise<void> {
    const draining = context.service.signal.aborted
    if (pool.free() > 0 && !draining) {
      delivery.ack()
      return context.claimer.look()
    }
    // somebody with a free slot shall have it; until there is room here again nothing is taken
    await wakeUps.pause()
    delivery.handBack()
    if (pool.free() > 0) void context.claimer.look()
  }

  async function close(): Promise<void> {
    clearInterval(pace)
    callers.onMore.delete(onMore)
    context.onIdle.delete(onIdle)
    mesh.listeners.delete(wakeUps)
    mesh.watchedQueues.delete(queues.jobs(processId))
    await Promise.all([calls.close(), questions.close(), wakeUps.close()])
  }
}
