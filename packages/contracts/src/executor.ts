import { z } from 'zod'
import { FileId, Sha256 } from './files.ts'
import { Attempt, ControlAction, Job, JobId, JobState, JobStatus, PauseKind } from './job.ts'
import { defineService } from './operation.ts'
import { ProcessId } from './process.ts'
import { exchanges } from './wire.ts'

/** OGC API - Processes - Part 1, `subscriber.yaml`: who is told about one job, by an HTTP POST. */
export const Subscriber = z.object({
  successUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Gets the results' }),
  inProgressUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Gets the status document at changes' }),
  failedUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Gets the status document' }),
})
export type Subscriber = z.infer<typeof Subscriber>

/** What to run. Further members of an OGC execute request are kept with the job, unread. */
export const ExecuteRequest = z.looseObject({
  processId: ProcessId,
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional().meta({ description: 'All outputs, unless told' }),
  subscriber: Subscriber.optional(),
  warren: z
    .object({
      start: z.boolean().optional().meta({ description: 'false: the job is created, and waits to be started' }),
      timeoutMs: z
        .int()
        .min(1)
        .max(7 * 86_400_000)
        .optional(),
      priority: z.int().min(-100).max(100).optional(),
      keepFiles: z
        .boolean()
        .optional()
        .meta({ description: 'true: every new or changed file of the working directory is stored' }),
    })
    .optional(),
})

/** Output id → value. Travels as raw text; objects are bare here, the gateway wraps them as OGC wants. */
const Results = z.record(z.string(), z.unknown())

const JobEvent = z.object({
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

/** A file that a job took, gave or left behind. */
export const FileOfJob = z.object({
  path: z.string().meta({ description: 'In the working directory of the job, with `/` between folders' }),
  role: z.enum(['input', 'output', 'kept']),
  attempt: z.int(),
  name: z.string().nullable().meta({ description: 'Id of the input or output' }),
  fileId: FileId.nullable().meta({ description: 'null: it was read from `source`, and is stored nowhere' }),
  source: z.string().nullable(),
  size: z.int().meta({ description: 'Bytes' }),
  sha256: Sha256,
  type: z.string(),
  storedAt: z.iso.datetime(),
})
export type FileOfJob = z.infer<typeof FileOfJob>

/** A value that went in or came out; of a file, that of its bytes, else that of its JSON text. */
const Traced = z.object({
  name: z.string(),
  sha256: Sha256.nullable().meta({ description: 'null: of something elsewhere that was not read' }),
  size: z.int().nullable(),
  type: z.string(),
  href: z.string().nullable().meta({ description: 'Where the bytes are, when it is a file' }),
})
export type Traced = z.infer<typeof Traced>

const jobEvent = (event: string, summary: string) =>
  ({ summary, topic: `job.:processId.:jobId.${event}`, data: JobEvent }) as const

export const executor = defineService('executor', {
  operations: {
    execute: {
      summary: 'Run a process and wait for its results',
      description:
        'The run is a job like any other: the reply names it in the header `job-id`. ' +
        'A caller that goes away sends `call.cancel`, and the run is stopped.',
      http: 'POST /processes/:processId/execution',
      handWritten: true,
      input: ExecuteRequest,
      output: Results,
      errors: [
        'NO_SUCH_PROCESS',
        'NO_SUCH_OUTPUT',
        'CANCELLED',
        'CONFLICT',
        'KEY_REUSED',
        'PROCESS_FAILED',
        'PROCESS_CRASHED',
        'PROCESS_SILENT',
        'OUT_OF_MEMORY',
        'BAD_RESULT',
        'TOO_LARGE',
        'QUOTA_EXCEEDED',
        'NO_SUCH_FILE',
      ],
      deadlineMs: 60_000,
      raw: { request: true, reply: true },
      route: { exchange: exchanges.execute, key: 'processId' },
    },
    submit: {
      summary: 'Accept a job and run it when there is room',
      description: 'Answers after the job is stored. `deadline` of the message bounds the answer, not the job.',
      input: ExecuteRequest,
      output: Job,
      errors: ['NO_SUCH_PROCESS', 'NO_SUCH_OUTPUT', 'KEY_REUSED', 'TOO_MANY', 'TOO_LARGE'],
      deadlineMs: 10_000,
      idempotent: true,
      raw: { request: true },
    },
    getJob: {
      summary: 'Read the status of a job',
      http: 'GET /jobs/:id',
      handWritten: true,
      input: z.object({ id: JobId }),
      output: Job,
      errors: ['NO_SUCH_JOB'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listJobs: {
      summary: 'List jobs, newest first',
      http: 'GET /jobs',
      handWritten: true,
      input: z.object({
        processIds: z.array(ProcessId).optional(),
        statuses: z.array(JobStatus).optional(),
        /** RFC 3339 bounds of the creation time, both inclusive */
        createdFrom: z.iso.datetime().optional(),
        createdTo: z.iso.datetime().optional(),
        /** seconds; a running job counts until now */
        minDuration: z.number().min(0).optional(),
        maxDuration: z.number().min(0).optional(),
        limit: z.int().min(1).max(10_000).optional(),
        after: z.string().optional().meta({ description: 'Cursor from `next` of the page before' }),
      }),
      output: z.object({ jobs: z.array(Job), next: z.string().nullable() }),
      errors: ['BAD_QUERY'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    getResults: {
      summary: 'Read the results of a successful job',
      http: 'GET /jobs/:id/results',
      handWritten: true,
      input: z.object({ id: JobId }),
      output: Results,
      errors: [
        'NO_SUCH_JOB',
        'RESULT_NOT_READY',
        'RESULT_NOT_AVAILABLE',
        'PROCESS_FAILED',
        'PROCESS_CRASHED',
        'PROCESS_SILENT',
        'OUT_OF_MEMORY',
        'BAD_RESULT',
        'EXECUTOR_LOST',
        'TOO_LARGE',
        'QUOTA_EXCEEDED',
        'NO_SUCH_FILE',
      ],
      deadlineMs: 10_000,
      idempotent: true,
      raw: { reply: true },
    },
    controlJob: {
      summary: 'Start, pause, resume or stop a job, or move its deadline',
      description:
        'Answers `applied` when it is done, `requested` when the executor of the job has not confirmed it yet. ' +
        'A job that ended meanwhile is a CONFLICT.',
      http: 'POST /jobs/:id/control',
      handWritten: true,
      input: z.object({
        id: JobId,
        action: ControlAction,
        kind: PauseKind.exclude(['hold'])
          .optional()
          .meta({ description: 'How a running job rests; `suspend` unless told' }),
        byMs: z
          .int()
          .min(1)
          .max(7 * 86_400_000)
          .optional()
          .meta({ description: 'How much later the deadline shall be, for `extend`' }),
        reason: z.string().max(1_000).optional(),
      }),
      output: z.object({ outcome: z.enum(['applied', 'requested']), job: Job }),
      errors: ['NO_SUCH_JOB', 'CONFLICT'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listAttempts: {
      summary: 'List the attempts of a job',
      http: 'GET /jobs/:id/attempts',
      input: z.object({ id: JobId }),
      output: z.object({ attempts: z.array(Attempt) }),
      errors: ['NO_SUCH_JOB'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listEvents: {
      summary: 'Read committed events in their order',
      description: 'An event that is committed later never comes before one that was read.',
      input: z.object({
        jobId: JobId.optional(),
        processId: ProcessId.optional(),
        after: z
          .string()
          .regex(/^\d{1,19}-\d{1,19}$/)
          .optional()
          .meta({ description: 'Cursor of the last event that is known; `now` of an answer begins at the end' }),
        limit: z.int().min(1).max(1_000).optional(),
      }),
      output: z.object({
        events: z.array(StoredEvent),
        now: z.string().meta({ description: 'Cursor behind everything that was committed when this was read' }),
      }),
      errors: ['NO_SUCH_JOB', 'BAD_QUERY'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listRecords: {
      summary: 'Read the log lines or metric points of a job',
      description:
        'Bodies are bounded; `more` says that there is more to read now, `over` that nothing is going to follow.',
      input: z.object({
        id: JobId,
        kind: RecordKind,
        after: z.int().min(0).optional().meta({ description: 'Number of the last line or point that is known' }),
        offset: z.int().min(0).optional().meta({ description: 'Byte of the text of the log to begin at, instead' }),
      }),
      output: z.object({
        records: z.array(z.union([LogLine, MetricPoint])),
        /** byte offset of the first line that is returned, in the text of the whole log */
        offset: z.int(),
        /** bytes that the text of the whole log has now */
        bytes: z.int(),
        more: z.boolean(),
        over: z.boolean(),
      }),
      errors: ['NO_SUCH_JOB'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listFiles: {
      summary: 'List the files of a job',
      description: 'Of several attempts the last one that has a file under a path.',
      http: 'GET /jobs/:id/files',
      handWritten: true,
      input: z.object({ id: JobId }),
      output: z.object({ files: z.array(FileOfJob) }),
      errors: ['NO_SUCH_JOB'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    getProvenance: {
      summary: 'Read what a job used and made',
      description: 'The digest of the process is that of its version, which the registry knows.',
      input: z.object({ id: JobId }),
      output: z.object({
        job: Job,
        attempts: z.array(Attempt),
        inputs: z.array(Traced),
        outputs: z.array(Traced),
        files: z.array(FileOfJob),
      }),
      errors: ['NO_SUCH_JOB'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    getSubscriber: {
      summary: 'Read whom a job wants to be told',
      input: z.object({ id: JobId }),
      output: z.object({ owner: z.string(), subscriber: Subscriber.nullable() }),
      errors: ['NO_SUCH_JOB'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    dismissJob: {
      summary: 'Dismiss a job: stop it when it is active, remove it when it is final',
      description: 'Answers once the run is verified to have ended. A job that was final is not found afterwards.',
      http: 'DELETE /jobs/:id',
      handWritten: true,
      input: z.object({ id: JobId }),
      output: Job,
      errors: ['NO_SUCH_JOB', 'CONFLICT'],
      deadlineMs: 15_000,
      idempotent: true,
    },
  },
  events: {
    jobCreated: jobEvent('created', 'A job was stored and waits to be started'),
    jobAccepted: jobEvent('accepted', 'A job was stored and waits for a slot'),
    jobStarted: jobEvent('started', 'A runner works on the job'),
    jobProgressed: jobEvent('progress', 'A running job said how far it is'),
    jobPaused: jobEvent('paused', 'The job rests'),
    jobResumed: jobEvent('resumed', 'The job goes on'),
    jobRequeued: jobEvent('requeued', 'The job waits for another attempt'),
    jobSuccessful: jobEvent('successful', 'The job has results'),
    jobFailed: jobEvent('failed', 'The job failed'),
    jobDismissed: jobEvent('dismissed', 'The job was dismissed'),
  },
})
