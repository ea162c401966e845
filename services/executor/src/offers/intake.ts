import { exchanges, executor, queues } from '@warren/contracts'
import { asWarrenError } from '@warren/database'
import { callQueue, consume, hintQueue, serveOperation, type Delivery } from '@warren/mesh'
import type { Context } from '../context.ts'
import { execute } from '../handlers/execute.ts'

/** What listens for runs of one process: calls that wait, and wake-ups for jobs that are queued. */
export interface Intake {
  readonly up: Promise<unknown>
  close(): Promise<void>
}

/** Calls taken ahead of the slots: few, so that other executors get theirs; many when a run is over in a moment. */
const PREFETCH_SHORT = 64
const PACE_MS = 250

export function openIntake(processId: string, context: Context): Intake {
  const { mesh } = context.service
  const few = context.config.slots + 1
  const calls = serveOperation(
    mesh,
    executor.operations.execute,
    callQueue(queues.execute(processId), { exchange: exchanges.execute, key: processId }),
    context,
    execute,
    { prefetch: few, translate: asWarrenError },
  )
  const wakeUps = consume(mesh.consuming, {
    queue: hintQueue(queues.jobs(processId), { exchange: exchanges.jobs, key: processId }),
    prefetch: 1,
    log: mesh.log,
    onDelivery: (delivery) => void onWakeUp(delivery),
  })
  mesh.listeners.add(wakeUps)
  let prefetch = few
  const pace = setInterval(() => {
    const wanted = context.pool.isShort(processId) ? PREFETCH_SHORT : few
    if (wanted === prefetch) return
    prefetch = wanted
    void calls.setPrefetch(wanted)
  }, PACE_MS)
  const onIdle = (): void => void wakeUps.resume()
  context.onIdle.add(onIdle)
  return { up: Promise.all([calls.up, wakeUps.up]), close }

  /** A wake-up says only that something is queued: the ledger decides what is run. */
  async function onWakeUp(delivery: Delivery): Promise<void> {
    if (context.pool.free() > 0) {
      delivery.ack()
      return context.claimer.look()
    }
    // somebody with a free slot shall have it; until there is room here again nothing is taken
    await wakeUps.pause()
    delivery.handBack()
    if (context.pool.free() > 0) context.claimer.poke()
  }

  async function close(): Promise<void> {
    clearInterval(pace)
    context.onIdle.delete(onIdle)
    mesh.listeners.delete(wakeUps)
    await Promise.all([calls.close(), wakeUps.close()])
  }
}
