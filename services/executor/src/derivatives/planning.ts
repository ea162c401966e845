import type { Derive, DerivativeKind, DerivativeMode } from '@warren/contracts'
import type { Grammar } from '../grammar/grammar.ts'
import { byAuthor } from './author.ts'
import { byComplexStep } from './complex-step.ts'
import { readDerivation, type Derivation } from './derivation.ts'
import { checkSens, notDeclared } from './refusal.ts'
import { byDifferences } from './differences.ts'
import type { Plan } from './plan.ts'
import { vectorsOf, type Values, type Vectors } from './vectors.ts'

/** A plan, and what it is for. */
export interface Planned {
  /** Names the member of the results */
  readonly kind: DerivativeKind
  /** The outputs that are derived */
  readonly of: readonly string[]
  /** Inputs that can be varied, where the run is */
  readonly at: Vectors
  /** The same as they are nested */
  readonly inputs: Values
  readonly plan: Plan
}

const ways: Readonly<Record<Exclude<DerivativeMode, 'auto'>, (derivation: Derivation) => Plan | undefined>> = {
  native: byAuthor,
  complex_step: byComplexStep,
  forward: (derivation) => byDifferences(derivation, 'forward'),
  centered: (derivation) => byDifferences(derivation, 'centered'),
}

/**
 * How to derive what a request wants. `auto` is what the author gives, else a complex step where the code of the process
 * takes complex numbers, else centred differences. Of an `hvp`, differences of the author's first derivatives come
 * before a complex step.
 *
 * @throws WarrenError BAD_INPUT with everything that does not fit the process or the inputs
 */
export function planDerivation(derive: Derive, grammar: Grammar, inputs: Values): Planned {
  const derivation = readDerivation(derive, grammar, inputs)
  for (const way of waysOf(derivation)) {
    const plan = ways[way](derivation)
    if (plan) return { ...derivation, plan: checked(plan, derivation) }
  }
  throw notDeclared(derivation.kind, derivation.mode)
}

/** How many numbers an output has is known when it is there. */
function checked(plan: Plan, { of, sens }: Derivation): Plan {
  return {
    ...plan,
    probes: (outputs) => {
      checkSens(sens, vectorsOf(outputs, of))
      return plan.probes(outputs)
    },
  }
}

function waysOf({ kind, mode, native }: Derivation): (keyof typeof ways)[] {
  if (mode !== 'auto') return [mode]
  if (kind === 'hvp' && (native.vjp || native.jacobian)) return ['native', 'centered']
  return ['native', 'complex_step', 'centered']
}
