import type { Context } from './context.ts'
import { adoptBlobs, expireFiles, forgetFiles, removeBlobs } from './kept/remove.ts'
import { openUploads } from './uploads/direct.ts'
import { expireUploads, spooledByUploads } from './uploads/expire.ts'

/** How often the whole store is compared with the database. */
const COMPARE_MS = 3_600_000

export interface Sweeper {
  /** Bytes that were removed since the start. */
  reclaimedBytes(): number
  /** One round now. */
  sweep(): Promise<void>
  stop(): Promise<void>
}

/**
 * Removes what is over or left over: now, before anybody is served, and from time to time. Instances that share a store
 * do it together: each takes rows that no other has locked.
 */
export async function sweepRegularly(context: Context, everyMs: number): Promise<Sweeper> {
  let reclaimedBytes = 0
  let comparedAt = -Infinity
  let running: Promise<void> | undefined
  await sweep()
  const timer = setInterval(() => void sweep(), everyMs)
  return { reclaimedBytes: () => reclaimedBytes, sweep, stop }

  function sweep(): Promise<void> {
    return (running ??= round().finally(() => (running = undefined)))
  }

  async function stop(): Promise<void> {
    clearInterval(timer)
    await running
  }

  async function round(): Promise<void> {
    try {
      if (performance.now() - comparedAt > COMPARE_MS) {
        const adopted = await adoptBlobs(context)
        if (adopted > 0) context.log.info({ adopted }, 'blobs of no file')
        await context.store.sweep?.((ids) => openUploads(context, ids))
        comparedAt = performance.now()
      }
      const uploads = await expireUploads(context)
      const expired = await until0(() => expireFiles(context))
      const forgotten = await until0(() => forgetFiles(context))
      const ofBlobs = await until0(() => removeBlobs(context))
      const ofSpool = await context.spool.sweep((names) => spooledByUploads(context, names))
      const bytes = ofBlobs + ofSpool + uploads.bytes
      reclaimedBytes += bytes
      if (uploads.count + expired + forgotten + bytes > 0) {
        context.log.info({ uploads: uploads.count, expired, forgotten, bytes }, 'swept')
      }
    } catch (error) {
      context.log.warn({ err: error }, 'what is over could not be removed')
    }
  }
}

/** Batch after batch; gives their sum. */
async function until0(batch: () => Promise<number>): Promise<number> {
  let sum = 0
  for (let some = await batch(); some > 0; some = await batch()) sum += some
  return sum
}
