import { executor as contract, isFinal, type Job } from '@warren/contracts'
import type { CallOptions } from '@warren/mesh'
import type { Context } from '../context.ts'
import { subjectOf } from '../live.ts'

const { jobSuccessful, jobFailed, jobDismissed } = contract.events
const ends = new Set([jobSuccessful, jobFailed, jobDismissed].map(({ topic }) => topic.split('.').at(-1)))

/** The job at its end, or as it is when the time is over or the client is gone. */
export async function waitForEnd(
  { live, executor }: Pick<Context, 'live' | 'executor'>,
  job: Job,
  waitMs: number,
  { signal, ...asker }: CallOptions,
): Promise<Job> {
  if (waitMs === 0 || isFinal(job.state)) return job
  const ended = Promise.withResolvers<void>()
  const stop = (): void => ended.resolve()
  const timer = setTimeout(stop, waitMs)
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  const subject = subjectOf(jobSuccessful, { processId: job.processId, jobId: job.id })
  const forget = await live.watch(subject, (name) => ends.has(name) && ended.resolve())
  try {
    // it may have ended before the binding was there
    const now = await executor.getJob({ id: job.id }, asker)
    if (isFinal(now.state)) return now
    await ended.promise
    return await executor.getJob({ id: job.id }, asker)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
    forget()
  }
}
