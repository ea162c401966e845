import { setTimeout as wait } from 'node:timers/promises'
import { isFinal, messageTypes, WarrenError, type Job, type JobState, type PauseKind } from '@warren/contracts'
import { tell } from '@warren/mesh'
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { Context } from '../context.ts'
import { jobs } from '../db/schema.ts'
import { findJob } from './read.ts'

/** What became of a wish: done, or its executor has still to do it. */
export interface Controlled {
  readonly outcome: 'applied' | 'requested'
  readonly job: Job
}

interface Wish {
  readonly kind?: 'suspend' | 'checkpoint' | undefined
  readonly byMs?: number | undefined
  readonly reason?: string | undefined
}

/** Not paused any more */
const goingOn: ReadonlySet<JobState> = new Set(['staging', 'running', 'storing'])
/** How long an answer waits for the executor of the job. */
const CONFIRM_MS = 2_000
const LOOK_MS = 20
const TELL_EACH_MS = 200

/** @throws WarrenError CONFLICT when it was started before */
export async function start(context: Context, job: Job): Promise<Controlled> {
  if (!(await context.ledger.move({ id: job.id, move: 'start' }))) throw await conflict(context, job.id, 'started')
  return applied(context, job.id)
}

/** Holds a queued job, stops a running one. @throws WarrenError CONFLICT when it is not in the queue yet, or has ended */
export async function pause(context: Context, job: Job, { kind = 'suspend' }: Wish): Promise<Controlled> {
  if (job.state === 'paused') return { outcome: 'applied', job }
  if (await context.ledger.move({ id: job.id, move: 'hold' })) return applied(context, job.id)
  // a synchronous run has a caller, who cannot wait for another executor
  const how = job.mode === 'sync' ? 'suspend' : kind
  if (!(await want(context, job.id, 'pause', how))) throw await conflict(context, job.id, 'paused')
  return confirmed(context, job.id, ({ state }) => state === 'paused', {
    type: messageTypes.pause,
    body: { jobId: job.id, kind: how },
  })
}

/** @throws WarrenError CONFLICT when it has ended, or was never started */
export async function resume(context: Context, job: Job): Promise<Controlled> {
  if (await context.ledger.move({ id: job.id, move: 'release' })) return applied(context, job.id)
  if (job.state === 'queued') return { outcome: 'applied', job }
  if (!(await want(context, job.id, 'run', null))) throw await conflict(context, job.id, 'resumed')
  // one that was asked for its state goes on by another attempt
  const goesOn = async ({ id, state, executorId }: Job): Promise<boolean> =>
    goingOn.has(state) || (executorId === null && (await context.ledger.move({ id, move: 'release' })))
  return confirmed(context, job.id, goesOn, { type: messageTypes.resume, body: { jobId: job.id } })
}

/** Ends a job; unlike a dismissal it never removes one. @throws WarrenError CONFLICT when it has ended */
export async function stop(context: Context, job: Job): Promise<Controlled> {
  if (isFinal(job.state)) throw await conflict(context, job.id, 'stopped')
  const bound = AbortSignal.timeout(CONFIRM_MS)
  try {
    return { outcome: 'applied', job: await stopAndVerify(context, job.id, bound) }
  } catch (error) {
    if (!bound.aborted) throw error
    return { outcome: 'requested', job: await read(context, job.id) }
  }
}

/** Notes that nobody needs a job any more that has ended. @throws WarrenError CONFLICT when it has not */
export async function close(context: Context, job: Job): Promise<Controlled> {
  if (!isFinal(job.state)) throw await conflict(context, job.id, 'closed')
  await context.db.update(jobs).set({ desired: 'stop' }).where(eq(jobs.id, job.id))
  return applied(context, job.id)
}

/** Moves the deadline of a job that has not ended. @throws WarrenError BAD_INPUT, CONFLICT */
export async function extend(context: Context, job: Job, { byMs }: Wish): Promise<Controlled> {
  if (byMs === undefined) {
    const errors = [{ pointer: '/byMs', code: 'required', message: 'is needed to extend', expected: 'milliseconds' }]
    throw new WarrenError('BAD_INPUT', 'How much later shall the deadline be?', { errors })
  }
  const [row] = await context.db
    .update(jobs)
    .set({ deadlineAt: sql`${jobs.deadlineAt} + ${byMs} * interval '1 ms'` })
    .where(and(eq(jobs.id, job.id), sql`${jobs.state} not in ('successful', 'failed', 'dismissed')`))
    .returning({ deadlineAt: jobs.deadlineAt, executorId: jobs.executorId })
  if (!row?.deadlineAt) throw await conflict(context, job.id, 'extended')
  tellExecutor(context, row.executorId, messageTypes.extend, { jobId: job.id, deadline: row.deadlineAt.getTime() })
  return applied(context, job.id)
}

/** The wish is a row first, which the executor reads with its lease; the message only makes it quick. */
export async function stopAndVerify(context: Context, id: string, signal: AbortSignal): Promise<Job> {
  for (let first = true; ; first = false) {
    const job = await read(context, id)
    if (isFinal(job.state)) return job
    // only while nobody holds it: who does has to verify that its run has ended
    if (await context.ledger.move({ id, move: 'dismissUnclaimed' })) continue
    if (first) await context.db.update(jobs).set({ desired: 'stop' }).where(eq(jobs.id, id))
    tellExecutor(context, job.executorId, messageTypes.stop, { jobId: id })
    await wait(LOOK_MS, undefined, { signal })
  }
}

/** Writes what is wanted of a job that an executor holds; false when none does. */
async function want(context: Context, id: string, desired: 'run' | 'pause', kind: PauseKind | null): Promise<boolean> {
  const rows = await context.db
    .update(jobs)
    .set({ desired, ...(kind && { pausedAs: kind }) })
    .where(and(eq(jobs.id, id), isNotNull(jobs.leaseUntil), sql`${jobs.desired} <> 'stop'`))
    .returning({ id: jobs.id })
  return rows.length > 0
}

interface Message {
  readonly type: string
  readonly body: { readonly jobId: string; readonly kind?: PauseKind }
}

/** Tells the executor of the job, and waits a moment until the ledger says that it was done. */
async function confirmed(
  context: Context,
  id: string,
  isDone: (job: Job) => boolean | Promise<boolean>,
  { type, body }: Message,
): Promise<Controlled> {
  const until = performance.now() + CONFIRM_MS
  let told = -Infinity
  for (;;) {
    const job = await read(context, id)
    if (await isDone(job)) return applied(context, id)
    if (isFinal(job.state)) throw new WarrenError('CONFLICT', `The job was ${job.state} before`)
    if (performance.now() > until) return { outcome: 'requested', job }
    if (performance.now() - told > TELL_EACH_MS) {
      told = performance.now()
      tellExecutor(context, job.executorId, type, body)
    }
    await wait(LOOK_MS)
  }
}

function tellExecutor(context: Context, executorId: string | null, type: string, body: object): void {
  if (executorId) tell(context.service.mesh, `executor.${executorId}`, type, body)
}

async function applied(context: Context, id: string): Promise<Controlled> {
  return { outcome: 'applied', job: await read(context, id) }
}

async function read(context: Context, id: string): Promise<Job> {
  const job = await findJob(context.db, id)
  if (!job) throw new WarrenError('NO_SUCH_JOB', `There is no job "${id}"`)
  return job
}

async function conflict(context: Context, id: string, what: string): Promise<WarrenError> {
  const { state } = await read(context, id)
  return new WarrenError('CONFLICT', `The job is ${state} and cannot be ${what}`, { more: { state } })
}
