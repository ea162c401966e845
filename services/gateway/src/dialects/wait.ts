import { setTimeout as wait } from 'node:timers/promises'
import { isFinal, WarrenError, type Code, type Job } from '@warren/contracts'
import type { CallOptions } from '@warren/mesh'
import type { Context } from '../context.ts'
import { waitForEnd } from '../ogc/wait.ts'

/** An event may get lost with a connection: then the job is looked at after so long. */
const LOOK_MS = 15_000
const AGAIN_MS = 500

const passing: ReadonlySet<Code> = new Set(['UNROUTABLE', 'UNAVAILABLE', 'PEER_LOST', 'DATA_LOSS', 'TIMEOUT'])

/** Whether somebody is away, rather than something wrong. */
export function isOutage(error: unknown): boolean {
  return error instanceof WarrenError && passing.has(error.code)
}

/** The job at its end, however long that takes and whoever is away meanwhile; as it is, when the client is gone. */
export async function awaitEnd(context: Context, accepted: Job, options: CallOptions): Promise<Job> {
  const { signal } = options
  for (let job = accepted; ;) {
    if (isFinal(job.state) || signal?.aborted) return job
    job = await persist(signal, () => waitForEnd(context, job, LOOK_MS, options))
  }
}

/** Tries until nobody is away and there is room, or nobody wants it any more. */
export async function persist<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const isFull = error instanceof WarrenError && error.code === 'TOO_MANY'
      if (!(isOutage(error) || isFull) || signal?.aborted) throw error
      await wait(AGAIN_MS)
    }
  }
}
