import { isFinal, JobState, JobStatus, PauseKind, statusInfoOf, type Job } from '@warren/contracts'
import { z } from 'zod'
import { absoluteType } from '../problem.ts'
import { controlLinks } from './control-links.ts'
import { jsonLink, Link, rel } from './links.ts'

const Exception = z.looseObject({ type: z.string(), title: z.string(), status: z.int() })

/** OGC API - Processes - Part 1, `statusInfo.yaml`: the members of 1.0 and of 2.0 in one document, ours in `warren`. */
export const StatusDocument = z
  .object({
    jobID: z.string(),
    id: z.string(),
    type: z.literal('process'),
    processingEntityType: z.literal('ogc-api-processes'),
    processID: z.string(),
    status: JobStatus,
    message: z.string().optional(),
    progress: z.int().min(0).max(100),
    created: z.iso.datetime(),
    started: z.iso.datetime().optional(),
    finished: z.iso.datetime().optional(),
    updated: z.iso.datetime(),
    exception: Exception.optional().meta({ description: 'Why it failed (2.0)' }),
    links: z.array(Link),
    warren: z.object({
      state: JobState,
      desired: z.enum(['run', 'pause', 'stop']).meta({ description: 'What somebody wants of it' }),
      pausedAs: PauseKind.optional(),
      hasCheckpoint: z.literal(true).optional(),
      control: z.enum(['applied', 'requested']).optional().meta({ description: 'What became of the wish' }),
      attempt: z.int(),
      mode: z.enum(['sync', 'async']),
      owner: z.string(),
      version: z.string().optional(),
      executor: z.string().optional(),
      deadline: z.iso.datetime().optional(),
      waitingFor: z.string().optional(),
      series: z.string().optional(),
      number: z.int().optional().meta({ description: 'Its number in the series' }),
    }),
  })
  .meta({ id: 'StatusInfo' })
export type StatusDocument = z.infer<typeof StatusDocument>

export const JobList = z.object({ jobs: z.array(StatusDocument), links: z.array(Link) }).meta({ id: 'JobList' })

export function statusDocument(job: Job, base: string): StatusDocument {
  return {
    ...statusInfoOf(job),
    processingEntityType: 'ogc-api-processes',
    ...(job.problem && { exception: absoluteType(job.problem, base) }),
    links: links(job, base),
    warren: {
      state: job.state,
      desired: job.desired,
      ...(job.pausedAs !== null && { pausedAs: job.pausedAs }),
      ...(job.hasCheckpoint && { hasCheckpoint: true }),
      attempt: job.attempt,
      mode: job.mode,
      owner: job.owner,
      ...(job.processVersion !== null && { version: job.processVersion }),
      ...(job.executorId !== null && { executor: job.executorId }),
      ...(job.deadlineAt !== null && { deadline: job.deadlineAt }),
      ...(job.waitingFor !== null && { waitingFor: job.waitingFor }),
      ...(job.series !== null && { series: job.series }),
      ...(job.number !== null && { number: job.number }),
    },
  }
}

/** Results are linked only when they are there: clients follow the link at once. */
function links(job: Job, base: string): Link[] {
  const self = jobUrl(job.id, base)
  return [
    jsonLink('self', self, 'This job'),
    ...(isFinal(job.state) ? [] : [jsonLink('monitor', self, 'Its status')]),
    ...(job.status === 'successful' ? [jsonLink(rel.results, `${self}/results`, 'Its results')] : []),
    ...(job.status === 'failed' ? [jsonLink(rel.exceptions, `${self}/results`, 'Why it failed')] : []),
    jsonLink(`${base}/rel/attempts`, `${self}/attempts`, 'Its attempts'),
    { rel: `${base}/rel/events`, href: `${self}/events`, type: 'text/event-stream', title: 'Its events' },
    { rel: `${base}/rel/logs`, href: `${self}/logs`, type: 'text/plain', title: 'Its log' },
    jsonLink(`${base}/rel/metrics`, `${self}/metrics`, 'Its metrics'),
    jsonLink(`${base}/rel/files`, `${self}/files`, 'Its files'),
    jsonLink(`${base}/rel/provenance`, `${self}/prov`, 'How it came to what it gave'),
    ...controlLinks(job, self, base),
    jsonLink('up', `${base}/processes/${job.processId}`, 'Its process'),
  ]
}

export function jobUrl(id: string, base: string): string {
  return `${base}/jobs/${id}`
}
