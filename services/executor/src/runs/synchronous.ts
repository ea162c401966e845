import { headers, WarrenError, type executor } from '@warren/contracts'
import { isDeliveryLost, type Call, type ReplyBy } from '@warren/mesh'
import type { Context } from '../context.ts'
import { fetchesFiles } from '../grammar/files.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { resolveReferences } from '../grammar/references.ts'
import { prepareInputs, readRequest, type ReadRequest } from '../grammar/request.ts'
import type { InsertedJob, NewJob } from '../jobs/sql/insert-jobs.ts'
import { jobIdOf } from '../jobs/identity.ts'
import { LEASE_MS } from '../jobs/leases.ts'
import { transitions } from '../jobs/transitions.ts'
import { writingOf, type Ending } from './outcome.ts'
import { replaySame } from './replay.ts'
import type { Step } from './attempt.ts'

type Execute = typeof executor.operations.execute
type Reply = ReplyBy<Execute>

const LONGEST_MS = 60_000

/** Runs a process for a caller that waits. A message that is delivered again joins the run that it began here. */
export async function runSynchronously(processId: string, call: Call<Execute, Context>): Promise<Reply> {
  const { context, messageId, fail } = call
  const read = readRequest(call.input, processId)
  if (read.processId !== processId) {
    throw fail('BAD_INPUT', `The body names process "${read.processId}", the routing key "${processId}"`)
  }
  const grammar = context.grammars.local(processId)
  if (!grammar) throw fail('NO_SUCH_PROCESS', `There is no process "${processId}"`)
  if (messageId === '') return runNew(call, read, grammar)
  const same = context.synchronous.get(messageId)
  if (same) return same
  const reply = runNew(call, read, grammar).finally(() => context.synchronous.delete(messageId))
  context.synchronous.set(messageId, reply)
  return reply
}

/** The job is written once, with its end, before the reply; a longer run is written at its start too. */
async function runNew(call: Call<Execute, Context>, read: ReadRequest, found: Grammar): Promise<Reply> {
  const grammar = found.forOptions ? await found.forOptions(read.inputs, '/inputs') : found
  const { context, principal, signal, traceparent } = call
  const request = await resolveReferences(read, grammar, {
    policy: context.config.references,
    files: context.files,
    owner: principal,
  })
  const { processId } = request
  const { timeoutMs: timeLimitMs } = grammar.description
  // the time limit of the process is for each of the runs that a derivative takes
  const longestMs = request.derive ? LONGEST_MS : Math.min(LONGEST_MS, timeLimitMs ?? Infinity)
  const deadline = Math.min(call.deadline, Date.now() + Math.min(longestMs, request.timeoutMs ?? Infinity))
  /** Who has a key asks again: the run goes on without a caller, also elsewhere. */
  const keyed = call.idempotencyKey !== undefined
  const jobId = jobIdOf(call)
  const since = performance.now()
  let stored: Promise<InsertedJob | null> | undefined
  const isStaging = request.files.length > 0 || fetchesFiles(grammar.files, request.inputs)
  let begun: NewJob['state'] = isStaging ? 'staging' : 'running'
  const storeNow = (): void => {
    stored = context.ledger.insert(row({ state: begun, lease_ms: LEASE_MS }))
    stored.catch(() => {}) // the end of the run meets the same trouble, and says so
  }
  if (keyed) {
    // before it runs: whoever sends the same request meanwhile must find it
    prepareInputs(request, grammar)
    storeNow()
    if ((await stored) === null) return replay()
  }
  const forget = stored ? () => {} : context.longRuns.watch(storeNow)
  const stop = (): void => {
    // what was lost is delivered again, and its caller still waits
    if (!keyed && !isDeliveryLost(signal)) context.steering.stop(jobId)
  }
  signal.addEventListener('abort', stop)
  const work = context.runJob({
    jobId,
    attempt: 1,
    owner: principal,
    request,
    grammar,
    deadline,
    ...(request.derive && { timeLimitMs }),
    traceparent,
    held: true,
    isStaging,
    advance,
  })
  if (signal.aborted) stop() // while an input was read, or the row was written
  const ending = await work
  signal.removeEventListener('abort', stop)
  forget()
  if (ending.move === 'refuse') throw ending.error // nothing is stored
  return (await write(ending)) ? replyOf(ending, jobId) : replay()

  /** In the row, once there is one. */
  async function advance(step: Step): Promise<boolean> {
    begun = transitions[step].to
    if (stored && (await stored) !== null) await context.ledger.move({ id: jobId, attempt: 1, move: step })
    return true
  }

  /** False when the job has ended otherwise: the message was delivered before, to an executor that was lost meanwhile. */
  async function write(ending: Ending): Promise<boolean> {
    const kept = keyed ? ending : keepable(ending)
    if (kept.move === 'none' || kept.move === 'refuse') return true // the job is somebody else's
    const { move, ...texts } = writingOf(kept)
    if (!stored) {
      if ((await context.ledger.insert(row({ state: transitions[move].to, ...texts }))) !== null) return true
    } else if ((await stored) !== null) {
      await context.ledger.move({ id: jobId, attempt: 1, move, ...texts })
      return true
    }
    return context.ledger.move({ id: jobId, attempt: 1, move, ...texts })
  }

  function replay(): Promise<Reply> {
    return replaySame(context, jobId, { owner: principal, request: request.text })
  }

  function row(part: Partial<NewJob> & Pick<NewJob, 'state'>): NewJob {
    return {
      id: jobId,
      process_id: processId,
      process_version: grammar.description.version,
      owner: principal,
      mode: 'sync',
      priority: request.priority ?? 0,
      attempt: 1,
      attempts_most: keyed ? context.config.attempts : 1,
      request: request.text,
      notify: request.notify,
      traceparent: traceparent ?? null,
      results: null,
      problem: null,
      executor_id: context.executorId,
      lease_ms: null,
      deadline,
      age_ms: performance.now() - since,
      series: request.series,
      ...part,
    }
  }
}

/** Another attempt is nothing for a caller that waits and will not ask again: what would lead to one ends the job. */
function keepable(ending: Ending): Ending {
  return ending.move === 'checkpoint' || ending.move === 'handBack' ? { move: 'dismiss' } : ending
}

/** @throws WarrenError why there are no results */
function replyOf(ending: Ending, jobId: string): Reply {
  if (ending.move === 'stored') {
    return { body: ending.results, headers: { [headers.jobId]: jobId, [headers.status]: 'successful' } }
  }
  const more = { jobId }
  if (ending.move === 'fail') {
    const { code, message, details } = ending.error
    throw new WarrenError(code, message, { ...details, more: { ...details.more, ...more } })
  }
  if (ending.move === 'dismiss') throw new WarrenError('CANCELLED', 'The job was dismissed', { more })
  throw new WarrenError('UNAVAILABLE', 'This executor could not finish the run', { more, retryAfter: 1 })
}
