import type { Derive } from '@warren/contracts'
import type { Discipline } from './discipline.ts'
import type { ExecuteInput, LinearizationMode } from './execute-input.ts'

const approximations = {
  complex_step: 'complex_step',
  finite_differences: 'forward',
  centered_differences: 'centered',
} as const
type Native = Discipline['process']['derivatives']

/** What is to be derived; undefined when nothing is. No names mean all of them, and so does the option. */
export function deriveOf({ process, inputs, outputs }: Discipline, asked: ExecuteInput): Derive | undefined {
  if (!asked.linearize) return undefined
  const isAll = asked.linearize_options?.['compute_all_jacobians'] === true
  const wrt = named(isAll ? [] : asked.differentiated_inputs, inputs)
  const of = named(isAll ? [] : asked.differentiated_outputs, outputs)
  if (wrt.length === 0 || of.length === 0) return undefined
  return { wrt, of, mode: modeOf(asked.linearization_mode ?? 'auto', process.derivatives) }
}

function named(names: readonly string[] | null | undefined, variables: Discipline['inputs']): string[] {
  if (names?.length) return [...names]
  return variables.filter(({ kind }) => kind === 'number').map(({ name }) => name)
}

/** Code that does not compute with complex numbers gets the next best. */
function modeOf(mode: LinearizationMode, native: Native): NonNullable<Derive['mode']> {
  const isNative = native?.jacobian !== undefined
  if (isNative && mode.startsWith('hybrid_')) return 'auto'
  const approximation = approximations[mode.replace('hybrid_', '') as keyof typeof approximations]
  if (approximation === undefined) return isNative && mode !== 'auto' ? 'native' : 'auto'
  return approximation === 'complex_step' && native?.complexStep === undefined ? 'centered' : approximation
}
