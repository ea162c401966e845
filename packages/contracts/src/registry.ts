import { z } from 'zod'
import { defineService } from './operation.ts'
import { ProcessDescription, ProcessId, ProcessRef, ProcessSummary, SemVer } from './process.ts'
import { userOperations } from './users.ts'

const ExecutorId = z.string().min(1).max(120).meta({ description: 'Instance id of an executor' })

const Unavailable = z.object({
  folder: z.string().meta({ description: 'Name of the folder, not its path' }),
  reason: z.string(),
})

const Refusal = z.object({ id: ProcessId, version: SemVer, reason: z.string() })

export const ProcessVersion = z.object({
  version: SemVer,
  digest: z.string(),
  publishedAt: z.iso.datetime(),
  retiredAt: z.iso.datetime().nullable(),
})

export const Offer = z.object({ executorId: ExecutorId, version: SemVer, slots: z.int(), leaseUntil: z.iso.datetime() })

export const Executor = z.object({
  id: ExecutorId,
  slots: z.int(),
  startedAt: z.iso.datetime(),
  leaseUntil: z.iso.datetime(),
  offers: z.array(ProcessRef),
  refused: z.array(Refusal),
  unavailable: z.array(Unavailable),
})

export const registry = defineService('registry', {
  operations: {
    announce: {
      summary: 'Say which processes an executor offers, and take a lease on the offer',
      description:
        'Publishes versions that are new. A version that is known under another digest is refused: versions are immutable. ' +
        'The whole offer is replaced each time.',
      input: z.object({
        executorId: ExecutorId,
        slots: z.int().min(1),
        leaseMs: z.int().min(1_000).max(600_000),
        processes: z.array(ProcessDescription),
        unavailable: z.array(Unavailable),
      }),
      output: z.object({ refused: z.array(Refusal) }),
      errors: [],
      deadlineMs: 10_000,
      idempotent: true,
    },
    renew: {
      summary: 'Renew the lease of an executor',
      description: 'When the registry does not know the executor (any more), the executor announces again.',
      input: z.object({ executorId: ExecutorId, leaseMs: z.int().min(1_000).max(600_000) }),
      output: z.object({ known: z.boolean() }),
      errors: [],
      deadlineMs: 5_000,
      idempotent: true,
    },
    withdraw: {
      summary: 'End the offer of an executor that is going away',
      input: z.object({ executorId: ExecutorId }),
      output: z.object({}),
      errors: [],
      deadlineMs: 5_000,
      idempotent: true,
    },
    listProcesses: {
      summary: 'List processes, the newest version of each, by id',
      http: 'GET /processes',
      handWritten: true,
      input: z.object({
        limit: z.coerce.number().int().min(1).max(10_000).optional(),
        after: ProcessId.optional().meta({ description: 'Continue behind this id' }),
      }),
      output: z.object({ processes: z.array(ProcessSummary), next: ProcessId.nullable() }),
      errors: [],
      deadlineMs: 10_000,
      idempotent: true,
    },
    describeProcesses: {
      summary: 'Describe processes, the newest version of each, by id',
      input: z.object({
        limit: z.int().min(1).max(1_000).optional().meta({ description: '100 unless told' }),
        after: ProcessId.optional().meta({ description: 'Continue behind this id' }),
      }),
      output: z.object({ processes: z.array(ProcessDescription), next: ProcessId.nullable() }),
      errors: [],
      deadlineMs: 10_000,
      idempotent: true,
    },
    getProcess: {
      summary: 'Describe one process',
      description: 'The newest version that is not retired, unless a version is named. `offers` counts live executors.',
      http: 'GET /processes/:id',
      handWritten: true,
      input: z.object({ id: ProcessId, version: SemVer.optional() }),
      output: ProcessDescription.extend({ offers: z.int() }),
      errors: ['NO_SUCH_PROCESS'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listVersions: {
      summary: 'List the versions of a process, newest first',
      http: 'GET /processes/:id/versions',
      input: z.object({ id: ProcessId }),
      output: z.object({ versions: z.array(ProcessVersion) }),
      errors: ['NO_SUCH_PROCESS'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    retireVersion: {
      summary: 'Retire a version of a process: it is no longer listed or offered',
      http: 'DELETE /processes/:id/versions/:version',
      input: z.object({ id: ProcessId, version: SemVer }),
      output: ProcessVersion,
      errors: ['NO_SUCH_PROCESS'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listOffers: {
      summary: 'List the executors that offer a process now',
      http: 'GET /processes/:id/offers',
      input: z.object({ id: ProcessId }),
      output: z.object({ offers: z.array(Offer) }),
      errors: ['NO_SUCH_PROCESS'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listExecutors: {
      summary: 'List the executors that are alive, and what they offer, refuse and miss',
      http: 'GET /executors',
      input: z.object({}),
      output: z.object({ executors: z.array(Executor) }),
      errors: [],
      deadlineMs: 10_000,
      idempotent: true,
    },
    ...userOperations,
  },
  events: {
    processPublished: {
      summary: 'A new version of a process was published',
      topic: 'process.:id.published',
      data: ProcessSummary,
    },
    processRetired: { summary: 'A version of a process was retired', topic: 'process.:id.retired', data: ProcessRef },
  },
})
