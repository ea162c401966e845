import { pointer, WarrenError, type DerivativeKind, type DerivativeMode, type Violation } from '@warren/contracts'
import type { Vectors } from './vectors.ts'

export const WRONG_LENGTH = 'has not as many numbers as the value'

/** What is wrong in `warren.derive`. */
export function objection(path: readonly PropertyKey[], message: string, expected: unknown, got: unknown): Violation {
  return { pointer: pointer(['warren', 'derive', ...path]), code: 'derive', message, expected, got }
}

/** BAD_INPUT; the first objection is in the text, too. */
export function refusal(errors: readonly Violation[]): WarrenError {
  const [first] = errors
  return new WarrenError('BAD_INPUT', `This cannot be derived: ${first?.pointer} ${first?.message}`, { errors })
}

/** The process does not declare what the mode needs. */
export function notDeclared(kind: DerivativeKind, mode: DerivativeMode): WarrenError {
  const what = mode === 'complex_step' ? 'a complex step' : `a native "${kind}"`
  return refusal([objection(['mode'], `needs ${what}, which the process does not declare`, 'another mode', mode)])
}

/** Floating-point numbers cannot take the step. */
export function badStep(step: number): WarrenError {
  return refusal([objection(['step'], 'is so small that it is lost in rounding', 'a larger step', step)])
}

/** @throws WarrenError BAD_INPUT with the vectors that are not as long as the outputs */
export function checkSens(sens: Vectors, outputs: Vectors): void {
  const errors = Object.entries(sens)
    .filter(([name, { length }]) => length !== outputs[name]?.length)
    .map(([name, { length }]) => objection(['sens', name], WRONG_LENGTH, outputs[name]?.length, length))
  if (errors.length > 0) throw refusal(errors)
}
