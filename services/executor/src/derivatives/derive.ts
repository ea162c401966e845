import { executor, rawJson, registry, WarrenError } from '@warren/contracts'
import { client, type Mesh } from '@warren/mesh'
import type { ReadRequest } from '../grammar/request.ts'
import type { Pool } from '../runner/pool.ts'
import type { RunOutcome } from '../runner/run.ts'
import type { Callers } from '../runs/callers.ts'
import type { Ending } from '../runs/outcome.ts'
import type { Probe, Probes } from './plan.ts'
import type { Planned } from './planning.ts'
import { printNumbers } from './print.ts'
import { probeRequest } from './request.ts'
import type { Values } from './vectors.ts'

export interface DeriveOptions {
  readonly mesh: Mesh
  readonly pool: Pick<Pool, 'slots' | 'isShort'>
  readonly callers: Callers
}

/** The run whose outputs are there, and are to be derived. */
export interface DeriveTask {
  readonly request: ReadRequest
  readonly planned: Planned
  /** Outputs, with the member that the run itself was asked for */
  readonly outputs: Values
  /** JSON text of those that are wanted */
  readonly results: string
  readonly owner: string
  /** Epoch ms */
  readonly deadline: number
  readonly signal: AbortSignal
  readonly traceparent?: string | undefined
  /** A caller waits for the run, which so has a place among the calls that are taken. */
  readonly held?: boolean
  onProgress(done: number, count: number): void
  /** How it ends when it was stopped */
  cancelled(): Ending
}

/** Makes the further runs of a plan, and adds what follows from them to the results. */
export type DeriveRun = (task: DeriveTask) => Promise<Ending>

/** For waiting for a slot, and for the run */
const PROBE_MS = 600_000
/** So many for each slot of the executors that offer the process: one runs, one is on its way. */
const PER_SLOT = 2
/** The same of runs that are over before the next one can come. */
const PER_SLOT_SHORT = 8
/** Answers are kept until all are there. */
const MOST_BYTES = 64 * 2 ** 20
/** As of the outputs of a run */
const MOST_RESULT_BYTES = 16 * 2 ** 20

export function createDerive({ mesh, pool, callers }: DeriveOptions): DeriveRun {
  const processes = client(executor, mesh)
  const offers = client(registry, mesh)
  return derive

  async function derive(task: DeriveTask): Promise<Ending> {
    const { planned, outputs, results } = task
    const { kind, plan } = planned
    try {
      const answers = await answersTo(task, plan.probes(outputs))
      const derivative = printNumbers(plan.assemble(outputs, answers), [kind])
      if (derivative.length > MOST_RESULT_BYTES) throw tooLarge(kind, MOST_RESULT_BYTES)
      return { move: 'stored', results: rawJson.object([...rawJson.members(results), [kind, derivative]]) }
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error
      const cancelled = task.signal.aborted || Date.now() >= task.deadline
      return cancelled ? task.cancelled() : { move: 'fail', error }
    }
  }

  async function answersTo(task: DeriveTask, probes: Probes): Promise<Values[]> {
    if (probes.count === 0) return []
    const { processId } = task.request
    // one place is enough: the other runs are for whoever has room
    return task.held ? callers.during(processId, () => allAnswers(task, probes)) : allAnswers(task, probes)
  }

  /** All at once, as far as there are slots. The first that fails ends the others. */
  async function allAnswers(task: DeriveTask, { count, at }: Probes): Promise<Values[]> {
    const most = await mostAtOnce(count, task.request.processId)
    const failed = new AbortController()
    const signal = AbortSignal.any([task.signal, failed.signal])
    const answers: Values[] = []
    let next = 0
    let done = 0
    let bytes = 0
    const lanes = Array.from({ length: most }, async () => {
      while (next < count) {
        const index = next++
        const answer = await answerTo(at(index), task, signal)
        bytes += answer.length
        if (bytes > MOST_BYTES) throw tooLarge('answers of the runs', MOST_BYTES)
        answers[index] = JSON.parse(answer) as Values
        task.onProgress(++done, count)
      }
    })
    try {
      await Promise.all(lanes)
      return answers
    } catch (error) {
      next = count
      failed.abort()
      await Promise.allSettled(lanes)
      throw error
    }
  }

  async function answerTo(probe: Probe, task: DeriveTask, signal: AbortSignal): Promise<string> {
    const { request, planned, owner, deadline, traceparent } = task
    const body = probeRequest(request, planned, probe)
    const options = { signal, deadline, deadlineMs: PROBE_MS, principal: owner, traceparent }
    try {
      return (await processes.execute({ key: request.processId, body }, options)).body
    } catch (error) {
      throw error instanceof WarrenError ? named(error, probe.name) : error
    }
  }

  async function mostAtOnce(count: number, id: string): Promise<number> {
    const each = pool.isShort(id) ? PER_SLOT_SHORT : PER_SLOT
    if (count <= each * pool.slots) return count
    const found = await offers.listOffers({ id }).catch(() => ({ offers: [] }))
    const slots = found.offers.reduce((sum, offer) => sum + offer.slots, 0)
    return Math.min(count, each * Math.max(slots, pool.slots))
  }
}

/** The outputs alone, of a run that was asked for something beside them. */
export function withoutAsked(outcome: RunOutcome, { plan: { ask } }: Planned): RunOutcome {
  if (outcome.status !== 'successful' || !ask) return outcome
  const { [ask.kind]: _, ...value } = outcome.value
  const members = rawJson.members(outcome.outputs).filter(([name]) => name !== ask.kind)
  return { ...outcome, value, outputs: rawJson.object(members) }
}

function tooLarge(what: string, maxBytes: number): WarrenError {
  return new WarrenError('TOO_LARGE', `The ${what} would have more than ${maxBytes} bytes`)
}

function named({ code, message, details }: WarrenError, name: string): WarrenError {
  const { jobId, ...more } = details.more ?? {}
  const run = { name, ...(jobId !== undefined && { jobId }) }
  return new WarrenError(code, `The run for ${name}: ${message}`, { ...details, more: { ...more, derivativeRun: run } })
}
