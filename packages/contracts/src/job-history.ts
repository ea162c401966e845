import { z } from 'zod'
import { Attempt, Job, JobId } from './job.ts'
import { FileOfJob, Traced } from './job-files.ts'
import { LogLine, MetricPoint, RecordKind, StoredEvent } from './job-records.ts'
import { ProcessId } from './process.ts'

/** Operations of the executor about what jobs did, said, used and left. */
export const historyOperations = {
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
    output: z.object({ files: z.array(FileOfJob), emptyFolders: z.array(z.string()) }),
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
} as const
