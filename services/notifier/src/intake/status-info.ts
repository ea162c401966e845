import type { Job } from '@warren/contracts'

/**
 * OGC API - Processes - Part 1, `statusInfo.yaml`, with our own members in `warren`. There are no links: which URL a
 * gateway is reached by is known to its clients only.
 */
export function statusInfoOf(job: Job): object {
  return {
    jobID: job.id,
    id: job.id,
    type: 'process',
    processID: job.processId,
    status: job.status,
    ...(job.message !== null && { message: job.message }),
    progress: job.progress,
    created: job.createdAt,
    ...(job.startedAt !== null && { started: job.startedAt }),
    ...(job.finishedAt !== null && { finished: job.finishedAt }),
    updated: job.updatedAt,
    ...(job.problem && { exception: job.problem }),
    warren: { state: job.state, attempt: job.attempt, mode: job.mode, owner: job.owner },
  }
}
