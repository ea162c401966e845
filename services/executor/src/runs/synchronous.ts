import { headers, WarrenError, type executor } from '@warren/contracts'
import type { Call, ReplyBy } from '@warren/mesh'
import { nanoid } from 'nanoid'
import type { Context } from '../context.ts'
import { resolveReferences } from '../grammar/references.ts'
import { prepareInputs, readRequest } from '../grammar/request.ts'
import type { NewJob } from '../jobs/sql/insert-jobs.ts'
import { jobIdOf } from '../jobs/identity.ts'
import { LEASE_MS } from '../jobs/leases.ts'
import { replaySame } from './replay.ts'
import { transitions } from '../jobs/transitions.ts'
import { writingOf, type Ending } from './outcome.ts'

type Execute = typeof executor.operations.execute

const LONGEST_MS = 60_000

/**
 * Runs a process for a caller that waits. The job is written once, with its end, before the reply; a longer run is
 * written at its start too.
 */
export async function runSynchronously(processId: string, call: Call<Execute, Context>): Promise<ReplyBy<Execute>> {
  const { context, principal, signal, fail } = call
  const read = readRequest(call.input, processId)
  if (read.processId !== processId) {
    throw fail('BAD_INPUT', `The body names process "${read.processId}", the routing key "${processId}"`)
  }
  const grammar = context.grammars.local(processId)
  if (!grammar) throw fail('NO_SUCH_PROCESS', `There is no process "${processId}"`)
  const request = await resolveReferences(read, grammar, context.config.references)
  const deadline = Math.min(
    call.deadline,
    Date.now() + Math.min(LONGEST_MS, request.timeoutMs ?? Infinity, grammar.description.timeoutMs ?? Infinity),
  )
  /** Who has a key asks again: the run goes on without a caller, also elsewhere. */
  const keyed = call.idempotencyKey !== undefined
  const jobId = keyed ? jobIdOf(call) : nanoid()
  const since = performance.now()
  let stored: Promise<Date | null> | undefined
  const storeNow = (): void => {
    stored = context.ledger.insert(row({ state: 'running', event: 'jobStarted', lease_ms: LEASE_MS }))
    stored.catch(() => {}) // the end of the run meets the same trouble, and says so
  }
  if (keyed) {
    // before it runs: whoever sends the same request meanwhile must find it
    prepareInputs(request, grammar)
    storeNow()
    if ((await stored) === null) return replaySame(context, jobId, { owner: principal, request: request.text })
  }
  const forget = stored ? () => {} : context.longRuns.watch(storeNow)
  const stop = (): void => context.steering.stop(jobId)
  if (!keyed) signal.addEventListener('abort', stop)
  const { traceparent } = call
  const work = context.runJob({ jobId, attempt: 1, owner: principal, request, grammar, deadline, traceparent })
  if (signal.aborted && !keyed) stop() // while an input was read, or the row was written
  const ending = await work
  signal.removeEventListener('abort', stop)
  forget()
  if (ending.move === 'refuse') throw ending.error // nothing is stored
  const ended = ending
  await write()
  return reply()

  async function write(): Promise<void> {
    if (!stored) {
      // with the lease lost there is no row either: nobody else has the job
      const { move, ...texts } = writingOf(keepable(ended))
      const { to: state, event } = transitions[move]
      await context.ledger.insert(row({ state, event, ...texts }))
      return
    }
    await stored
    if (ended.move === 'none') return
    await context.ledger.move({ id: jobId, attempt: 1, ...writingOf(keyed ? ended : keepable(ended)) })
  }

  function reply(): ReplyBy<Execute> {
    if (ended.move === 'stored')
      return { body: ended.results, headers: { [headers.jobId]: jobId, [headers.status]: 'successful' } }
    const more = { jobId }
    if (ended.move === 'fail') throw withMore(ended.error, more)
    if (ended.move !== 'dismiss') {
      throw new WarrenError('UNAVAILABLE', 'This executor could not finish the run', { more, retryAfter: 1 })
    }
    throw new WarrenError('CANCELLED', 'The job was dismissed', { more })
  }

  function row(part: Partial<NewJob> & Pick<NewJob, 'state' | 'event'>): NewJob {
    return {
      id: jobId,
      process_id: processId,
      process_version: grammar?.description.version ?? null,
      owner: principal,
      mode: 'sync',
      priority: request.priority ?? 0,
      attempt: 1,
      attempts_most: keyed ? context.config.attempts : 1,
      request: request.text,
      notify: request.notify,
      traceparent: call.traceparent ?? null,
      results: null,
      problem: null,
      executor_id: context.executorId,
      lease_ms: null,
      deadline,
      age_ms: performance.now() - since,
      ...part,
    }
  }
}

/** Another attempt is nothing for a caller that waits and will not ask again: what would lead to one ends the job. */
function keepable(ending: Ending): Extract<Ending, { move: 'stored' | 'fail' | 'dismiss' }> {
  return ending.move === 'stored' || ending.move === 'fail' ? ending : { move: 'dismiss' }
}

function withMore(error: WarrenError, more: Record<string, unknown>): WarrenError {
  return new WarrenError(error.code, error.message, { ...error.details, more: { ...error.details.more, ...more } })
}
