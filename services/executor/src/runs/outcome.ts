import { isCode, rawJson, toProblem, WarrenError } from '@warren/contracts'
import type { Grammar } from '../grammar/grammar.ts'
import type { Reason } from '../jobs/active.ts'
import type { RunOutcome } from '../runner/run.ts'

/** How an attempt ended, in the ledger's terms. */
export type Ending =
  | { readonly move: 'stored'; readonly results: string }
  | { readonly move: 'fail'; readonly error: WarrenError }
  /** The inputs do not fit: nothing was run. */
  | { readonly move: 'refuse'; readonly error: WarrenError }
  | { readonly move: 'dismiss' }
  /** It saved its state, and ended because it was asked to. */
  | { readonly move: 'checkpoint'; readonly checkpoint: string }
  /** Another executor shall run it. */
  | { readonly move: 'handBack' }
  /** The lease is lost: the job belongs to somebody else, and nothing is written. */
  | { readonly move: 'none' }

/** Checks what came out against the grammar, and keeps the outputs that were asked for. */
export function endingOf(
  outcome: RunOutcome,
  grammar: Grammar,
  outputs: readonly string[] | undefined,
  reason: Reason,
): Ending {
  if (outcome.status === 'cancelled') return cancelled(reason)
  if (outcome.status === 'checkpointed') return { move: 'checkpoint', checkpoint: outcome.state }
  if (outcome.status === 'failed') {
    const { code, message, ...more } = outcome.problem
    const known = isCode(code)
    const details = { more: known ? more : { processCode: code, ...more } }
    return { move: 'fail', error: new WarrenError(known ? code : 'PROCESS_FAILED', message, details) }
  }
  const errors = grammar.checkOutputs(outcome.value)
  if (errors.length > 0) return { move: 'fail', error: new WarrenError('BAD_RESULT', undefined, { errors }) }
  return { move: 'stored', results: outputs ? select(outcome.outputs, outputs) : outcome.outputs }
}

/** What the ledger writes of an ending. */
export function writingOf(ending: Exclude<Ending, { move: 'none' }>): {
  readonly move: 'stored' | 'fail' | 'dismiss' | 'checkpoint' | 'handBack'
  /** JSON text */
  readonly results?: string
  /** JSON text */
  readonly problem?: string
  /** JSON text */
  readonly checkpoint?: string
} {
  if (ending.move === 'stored') return { move: 'stored', results: ending.results }
  if (ending.move === 'dismiss' || ending.move === 'handBack') return { move: ending.move }
  if (ending.move === 'checkpoint') return ending
  return { move: 'fail', problem: JSON.stringify(toProblem(ending.error)) }
}

function cancelled(reason: Reason): Ending {
  if (reason === 'stopped') return { move: 'dismiss' }
  if (reason === 'lost') return { move: 'none' }
  if (reason === 'handed back') return { move: 'handBack' }
  return { move: 'fail', error: new WarrenError('TIMEOUT', 'The deadline passed while the process ran') }
}

function select(results: string, outputs: readonly string[]): string {
  return rawJson.object(rawJson.members(results).filter(([name]) => outputs.includes(name)))
}
