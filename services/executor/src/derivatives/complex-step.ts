import { askVectors } from './ask.ts'
import type { Derivation } from './derivation.ts'
import { actionByProducts } from './hessian.ts'
import type { Plan } from './plan.ts'
import { byColumns, contracted } from './products.ts'

/** Nothing is lost by rounding, so it can be so small that its square vanishes. */
const COMPLEX_STEP = 1e-20

/** By the imaginary part of the outputs at x + i h v, over h, for a process that computes with complex numbers. */
export function byComplexStep(derivation: Derivation): Plan | undefined {
  const { kind, of, wrt, along, step = COMPLEX_STEP, native } = derivation
  if (!native.complexStep) return undefined
  if (kind === 'hvp') return actionByProducts(derivation)
  if (kind === 'jvp') return askVectors(derivation, { kind, mode: 'complex_step', of, wrt, along, step })
  return contracted(byColumns(derivation, 'complex_step'), derivation)
}
