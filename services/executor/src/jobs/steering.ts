import { messageTypes, type JobState, type PauseKind } from '@warren/contracts'
import type { Logger, Mesh } from '@warren/mesh'
import type { Pool } from '../runner/pool.ts'
import type { ActiveRuns } from './active.ts'
import type { Ledger } from './ledger.ts'

/** Does what is wanted of the runs of this executor. Each is safe to ask for again, and nothing for runs elsewhere. */
export interface Steering {
  stop(jobId: string): void
  pause(jobId: string, kind: PauseKind | null): void
  resume(jobId: string): void
  /** What the ledger says of a run is true, also when the answer to a write of it was lost. */
  align(jobId: string, state: JobState): void
  /** @param deadline epoch ms */
  extend(jobId: string, deadline: number): void
}

export interface SteeringOptions {
  readonly active: ActiveRuns
  readonly pool: Pick<Pool, 'pause' | 'resume' | 'checkpoint' | 'extend'>
  readonly ledger: Pick<Ledger, 'move'>
  readonly executorId: string
  readonly log: Logger
}

/** A process that says it can save its state, and does not, is stopped after so long. */
const SAVE_MS = 10_000

export function createSteering({ active, pool, ledger, executorId, log }: SteeringOptions): Steering {
  /** What was asked of one job is done in that order. */
  const steering = new Map<string, Promise<void>>()
  /** Jobs that were asked to save their state → what to do when they have not. */
  const saving = new Map<string, NodeJS.Timeout>()
  return {
    stop: (jobId) => void active.abort(jobId, 'stopped'),
    pause: (jobId, kind) => inTurn(jobId, () => pause(jobId, kind)),
    resume: (jobId) => inTurn(jobId, () => resume(jobId)),
    align: (jobId, state) => {
      if (steering.has(jobId)) return // the next renewal sees how that ends
      if (state === 'running') pool.resume(jobId)
      if (state === 'paused') void pool.pause(jobId)
    },
    extend: (jobId, deadline) => void pool.extend(jobId, deadline),
  }

  function inTurn(jobId: string, act: () => Promise<void>): void {
    if (active.attemptOf(jobId) === undefined) return
    const turn = (steering.get(jobId) ?? Promise.resolve())
      .then(act)
      .catch((error: unknown) => log.warn({ err: error, jobId }, 'a job was not steered'))
      .finally(() => {
        if (steering.get(jobId) === turn) steering.delete(jobId)
      })
    steering.set(jobId, turn)
  }

  /** The processes are stopped first: what the ledger says is true when it says it. */
  async function pause(jobId: string, kind: PauseKind | null): Promise<void> {
    if (kind !== 'checkpoint' || !pool.checkpoint(jobId)) return suspend(jobId)
    if (saving.has(jobId)) return
    const late = (): void => {
      saving.delete(jobId)
      inTurn(jobId, () => suspend(jobId))
    }
    saving.set(jobId, setTimeout(late, SAVE_MS).unref()) // it ends by itself, with its state
  }

  async function suspend(jobId: string): Promise<void> {
    if (!(await pool.pause(jobId))) return
    if (!(await move(jobId, 'suspend'))) pool.resume(jobId)
  }

  async function resume(jobId: string): Promise<void> {
    clearTimeout(saving.get(jobId))
    saving.delete(jobId)
    if (await move(jobId, 'resume')) pool.resume(jobId)
  }

  async function move(jobId: string, move: 'suspend' | 'resume'): Promise<boolean> {
    const attempt = active.attemptOf(jobId)
    return attempt !== undefined && (await ledger.move({ id: jobId, attempt, executorId, move }))
  }
}

/** Takes wishes from control messages. Each is a row before: one that is lost is found with the next renewal of leases. */
export function listenForSteering({ controls }: Pick<Mesh, 'controls'>, steering: Steering): void {
  on(messageTypes.stop, ({ jobId }) => steering.stop(jobId))
  on(messageTypes.pause, ({ jobId, kind = null }) => steering.pause(jobId, kind))
  on(messageTypes.resume, ({ jobId }) => steering.resume(jobId))
  on(messageTypes.extend, ({ jobId, deadline }) => {
    if (deadline !== undefined) steering.extend(jobId, deadline)
  })

  function on(type: string, act: (wish: Wish) => void): void {
    controls.set(type, (body) => act(body as Wish))
  }
}

interface Wish {
  readonly jobId: string
  readonly kind?: PauseKind | null
  /** Epoch ms */
  readonly deadline?: number
}
