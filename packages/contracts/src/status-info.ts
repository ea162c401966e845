import type { Job } from './job.ts'

/** OGC API - Processes - Part 1, `statusInfo.yaml`: what 1.0 and 2.0 say of a job alike. Links are for who has a URL. */
export function statusInfoOf(job: Job) {
  return {
    jobID: job.id,
    id: job.id,
    type: 'process' as const,
    processID: job.processId,
    status: job.status,
    ...(job.message !== null && { message: job.message }),
    progress: job.progress,
    created: job.createdAt,
    ...(job.startedAt !== null && { started: job.startedAt }),
    ...(job.finishedAt !== null && { finished: job.finishedAt }),
    updated: job.updatedAt,
    ...(job.problem && { exception: job.problem }),
  }
}
