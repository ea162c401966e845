import { z } from 'zod'
import { ProcessId, SemVer } from './process.ts'

export const JobId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .meta({ description: 'Id of a job' })

/** Every state that a job can be in; OGC knows the five of `JobStatus` only. */
export const JobState = z.enum([
  'created',
  'queued',
  'staging',
  'running',
  'paused',
  'storing',
  'successful',
  'failed',
  'dismissed',
])
export type JobState = z.infer<typeof JobState>

/** OGC API - Processes, `statusCode.yaml`. A closed list: never add to it. */
export const JobStatus = z.enum(['accepted', 'running', 'successful', 'failed', 'dismissed'])
export type JobStatus = z.infer<typeof JobStatus>

const statusOfState = {
  created: 'accepted',
  queued: 'accepted',
  staging: 'accepted',
  running: 'running',
  paused: 'running',
  storing: 'running',
  successful: 'successful',
  failed: 'failed',
  dismissed: 'dismissed',
} as const satisfies Record<JobState, JobStatus>

/** The OGC status of a state. */
export function statusOf(state: JobState): JobStatus {
  return statusOfState[state]
}

/** The states that an OGC status stands for. */
export function statesOf(status: JobStatus): JobState[] {
  return JobState.options.filter((state) => statusOfState[state] === status)
}

export const finalStates = ['successful', 'failed', 'dismissed'] as const satisfies JobState[]

export function isFinal(state: JobState): boolean {
  return (finalStates as readonly JobState[]).includes(state)
}

/** An RFC 9457 problem as it is stored with a failed job. */
const StoredProblem = z.looseObject({ type: z.string(), title: z.string(), status: z.int(), code: z.string() })

/** How a job rests: kept out of the queue, its processes stopped, or its state saved and its slot given up. */
export const PauseKind = z.enum(['hold', 'suspend', 'checkpoint'])
export type PauseKind = z.infer<typeof PauseKind>

export const ControlAction = z.enum(['start', 'pause', 'resume', 'stop', 'extend', 'close'])
export type ControlAction = z.infer<typeof ControlAction>

/** One try of a job. The last one may still go on. */
export const Attempt = z.object({
  attempt: z.int(),
  executorId: z.string().nullable(),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  outcome: z.enum(['running', 'successful', 'failed', 'dismissed', 'lost', 'retried', 'handed back', 'checkpointed']),
  problem: StoredProblem.nullable(),
})
export type Attempt = z.infer<typeof Attempt>

/** One execution of a process, as the ledger knows it. Times are RFC 3339 in UTC. */
export const Job = z.object({
  id: JobId,
  processId: ProcessId,
  processVersion: SemVer.nullable().meta({ description: 'Known once an executor took the job' }),
  owner: z.string().meta({ description: 'The principal that asked for it' }),
  mode: z.enum(['sync', 'async']),
  state: JobState,
  desired: z.enum(['run', 'pause', 'stop']).meta({ description: 'What somebody wants of it' }),
  pausedAs: PauseKind.nullable(),
  hasCheckpoint: z.boolean(),
  status: JobStatus,
  progress: z.int().min(0).max(100),
  message: z.string().nullable(),
  attempt: z.int(),
  executorId: z.string().nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  updatedAt: z.iso.datetime(),
  deadlineAt: z.iso.datetime().nullable(),
  problem: StoredProblem.nullable(),
  waitingFor: z.string().nullable().meta({ description: 'Why the job does not run yet' }),
  series: z.string().nullable().meta({ description: 'The series that it was numbered in' }),
  number: z.int().nullable().meta({ description: 'Its number in the series' }),
})
export type Job = z.infer<typeof Job>

/** What may be asked of a job now. */
export function actionsOf({
  state,
  desired,
  deadlineAt,
}: Pick<Job, 'state' | 'desired' | 'deadlineAt'>): ControlAction[] {
  if (isFinal(state) || desired === 'stop') return []
  const extend: ControlAction[] = deadlineAt === null ? [] : ['extend']
  if (state === 'created') return ['start', 'stop', ...extend]
  if (state === 'paused') return ['resume', 'stop', ...extend]
  return desired === 'pause' ? ['resume', 'stop', ...extend] : ['pause', 'stop', ...extend]
}
