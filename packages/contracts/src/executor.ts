import { z } from 'zod'
import { Job, JobId, JobState, JobStatus } from './job.ts'
import { defineService } from './operation.ts'
import { ProcessId } from './process.ts'
import { exchanges } from './wire.ts'

/** What to run. Further members of an OGC execute request are kept with the job, unread. */
export const ExecuteRequest = z.looseObject({
  processId: ProcessId,
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional().meta({ description: 'All outputs, unless told' }),
  warren: z
    .object({
      timeoutMs: z
        .int()
        .min(1)
        .max(7 * 86_400_000)
        .optional(),
      priority: z.int().min(-100).max(100).optional(),
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
})
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
      errors: ['NO_SUCH_PROCESS', 'NO_SUCH_OUTPUT', 'CANCELLED', 'PROCESS_FAILED', 'PROCESS_CRASHED', 'BAD_RESULT'],
      deadlineMs: 60_000,
      raw: { request: true, reply: true },
      route: { exchange: exchanges.execute, key: 'processId' },
    },
    submit: {
      summary: 'Accept a job and run it when there is room',
      description: 'Answers after the job is stored. `deadline` of the message bounds the answer, not the job.',
      input: ExecuteRequest,
      output: Job,
      errors: ['NO_SUCH_PROCESS', 'NO_SUCH_OUTPUT'],
      deadlineMs: 10_000,
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
        'BAD_RESULT',
        'EXECUTOR_LOST',
      ],
      deadlineMs: 10_000,
      idempotent: true,
      raw: { reply: true },
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
    jobAccepted: jobEvent('accepted', 'A job was stored and waits for a slot'),
    jobStarted: jobEvent('started', 'A runner works on the job'),
    jobRequeued: jobEvent('requeued', 'The job waits for another attempt'),
    jobSuccessful: jobEvent('successful', 'The job has results'),
    jobFailed: jobEvent('failed', 'The job failed'),
    jobDismissed: jobEvent('dismissed', 'The job was dismissed'),
  },
})
