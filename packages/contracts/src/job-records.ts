import { z } from 'zod'
import { JobId, JobState, JobStatus } from './job.ts'
import { ProcessId } from './process.ts'

/** What an event of a job says. */
export const JobEvent = z.object({
  jobId: JobId,
  processId: ProcessId,
  state: JobState,
  status: JobStatus,
  attempt: z.int(),
  owner: z.string(),
  progress: z.int().optional().meta({ description: 'Percent, of a progress event' }),
  message: z.string().optional(),
  notify: z.literal(true).optional().meta({ description: 'The job names a subscriber of its own' }),
})

/** What a running job tells of itself, in words of its process. */
export const JobTold = z.object({
  jobId: JobId,
  processId: ProcessId,
  attempt: z.int(),
  owner: z.string(),
  name: z.string().min(1).max(64),
  data: z.unknown(),
})
export type JobTold = z.infer<typeof JobTold>

/** A committed event as it is stored; `cursor` is its place in the order in which all of them are read. */
export const StoredEvent = z.object({
  cursor: z.string(),
  seq: z.int(),
  /** key in the contract, such as jobStarted */
  event: z.string(),
  at: z.iso.datetime(),
  data: JobEvent,
})
export type StoredEvent = z.infer<typeof StoredEvent>

/** Lines of logs and points of metrics are kept in runs of neighbours. */
export const RecordKind = z.enum(['log', 'metric'])
export type RecordKind = z.infer<typeof RecordKind>

export const LogLine = z.object({
  /** 1 for the first line of the job */
  no: z.int(),
  attempt: z.int(),
  time: z.iso.datetime(),
  stream: z.enum(['stdout', 'stderr', 'log']),
  level: z.enum(['debug', 'info', 'warning', 'error']),
  line: z.string(),
})
export type LogLine = z.infer<typeof LogLine>

export const MetricPoint = z.object({
  no: z.int(),
  attempt: z.int(),
  time: z.iso.datetime(),
  name: z.string(),
  value: z.number(),
  step: z.number().optional(),
})
export type MetricPoint = z.infer<typeof MetricPoint>
