import { z } from 'zod'
import { ExecuteRequest, Series, Subscriber } from './execute-request.ts'
import { historyOperations } from './job-history.ts'
import { ControlAction, Job, JobId, JobStatus, PauseKind } from './job.ts'
import { JobEvent, JobTold } from './job-records.ts'
import { defineService } from './operation.ts'
import { ProcessDescription, ProcessId } from './process.ts'
import { exchanges } from './wire.ts'

/** Output id → value. Travels as raw text; objects are bare here, the gateway wraps them as OGC wants. */
const Results = z.record(z.string(), z.unknown())

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
      route: { exchange: exchanges.execute, key: 'processId', queue: 'execute' },
    },
    describeProcess: {
      summary: 'Describe one process as it is with these options',
      description:
        'Those that are left out have their defaults. For a process whose inputs and outputs follow from its options; ' +
        'an executor that offers it answers.',
      http: 'POST /processes/:processId/description',
      handWritten: true,
      input: z.object({
        processId: ProcessId,
        options: z.record(z.string(), z.unknown()).optional().meta({ description: 'Option → value' }),
      }),
      output: ProcessDescription,
      errors: ['NO_SUCH_PROCESS', 'PROCESS_FAILED', 'BAD_RESULT'],
      deadlineMs: 20_000,
      idempotent: true,
      route: { exchange: exchanges.describe, key: 'processId', queue: 'describe' },
    },
    submit: {
      summary: 'Accept a job and run it when there is room',
      description: 'Answers after the job is stored. `deadline` of the message bounds the answer, not the job.',
      input: ExecuteRequest,
      output: Job,
      errors: [
        'NO_SUCH_PROCESS',
        'NO_SUCH_OUTPUT',
        'KEY_REUSED',
        'TOO_MANY',
        'TOO_LARGE',
        'PROCESS_FAILED',
        'BAD_RESULT',
      ],
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
    findJob: {
      summary: 'Read the status of a job by its number',
      description: 'Numbers of a series count up from 1; some may be missing.',
      input: z.object({ series: Series, number: z.int().min(1) }),
      output: Job,
      errors: ['NO_SUCH_JOB'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    getRequest: {
      summary: 'Read what a job was asked to do',
      description: 'The execute request as it was sent; inputs by reference as what was read when it was accepted.',
      input: z.object({ id: JobId }),
      output: ExecuteRequest,
      errors: ['NO_SUCH_JOB'],
      deadlineMs: 10_000,
      idempotent: true,
      raw: { reply: true },
    },
    listJobs: {
      summary: 'List jobs, newest first',
      http: 'GET /jobs',
      handWritten: true,
      input: z.object({
        processIds: z.array(ProcessId).optional(),
        statuses: z.array(JobStatus).optional(),
        series: Series.optional(),
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
      summary: 'Start, pause, resume, stop or close a job, or move its deadline',
      description:
        'Answers `applied` when it is done, `requested` when the executor of the job has not confirmed it yet. ' +
        'A job that ended meanwhile is a CONFLICT. `close` is for jobs that have ended: nobody needs them any more, which ' +
        'they show by `desired` being `stop`.',
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
    ...historyOperations,
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
    jobClaimed: jobEvent('claimed', 'An executor fetches the files of the job'),
    jobStarted: jobEvent('started', 'A runner works on the job'),
    jobProgressed: jobEvent('progress', 'A running job said how far it is'),
    jobPaused: jobEvent('paused', 'The job rests'),
    jobResumed: jobEvent('resumed', 'The job goes on'),
    jobRequeued: jobEvent('requeued', 'The job waits for another attempt'),
    jobSuccessful: jobEvent('successful', 'The job has results'),
    jobFailed: jobEvent('failed', 'The job failed'),
    jobDismissed: jobEvent('dismissed', 'The job was dismissed'),
    /** The only one that is not stored, and told at most once */
    jobTold: {
      summary: 'A running job told something of its own',
      topic: 'job.:processId.:jobId.told',
      data: JobTold,
    },
  },
})
