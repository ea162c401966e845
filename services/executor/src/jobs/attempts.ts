import type { Attempt, Job } from '@warren/contracts'
import type { Database } from '@warren/database'
import { asc, eq } from 'drizzle-orm'
import { attempts, jobs } from '../db/schema.ts'

/** The attempts of a job, the first one first. The last one's facts are in the job itself. */
export async function findAttempts(db: Database['db'], job: Job): Promise<Attempt[]> {
  const rows = await db.select().from(attempts).where(eq(attempts.jobId, job.id)).orderBy(asc(attempts.attempt))
  const before = rows.map(({ attempt, executorId, startedAt, endedAt, outcome, problem }) => ({
    attempt,
    executorId,
    startedAt: startedAt?.toISOString() ?? null,
    endedAt: endedAt.toISOString(),
    outcome,
    problem,
  }))
  if (job.attempt === 0 || before.some(({ attempt }) => attempt === job.attempt)) return before
  const [row] = await db.select({ claimedAt: jobs.claimedAt }).from(jobs).where(eq(jobs.id, job.id))
  const { attempt, executorId, finishedAt, state, problem } = job
  const outcome = state === 'successful' || state === 'failed' || state === 'dismissed' ? state : 'running'
  const startedAt = row?.claimedAt?.toISOString() ?? null
  return [...before, { attempt, executorId, startedAt, endedAt: finishedAt, outcome, problem }]
}
