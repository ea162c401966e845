import { componentsOfAll } from './component.ts'
import type { Derivation } from './derivation.ts'
import { actionByGradients, actionByValues } from './hessian.ts'
import { ofColumns, type Jacobian } from './jacobian.ts'
import { lineThrough, relativeStep, slopeAlong, slopesAlong, type Scheme } from './line.ts'
import type { Plan } from './plan.ts'
import { contracted } from './products.ts'
import { pick, sizesOf, vectorsOf, type Vectors } from './vectors.ts'

/** By differences of runs nearby; of a Hessian, by differences of the author's gradients where there are some. */
export function byDifferences(derivation: Derivation, scheme: Scheme): Plan {
  const { kind, native } = derivation
  if (kind === 'jvp') return alongDirection(derivation, scheme)
  if (kind !== 'hvp') return contracted(columns(derivation, scheme), derivation)
  return native.vjp || native.jacobian ? actionByGradients(derivation, scheme) : actionByValues(derivation, scheme)
}

function alongDirection(derivation: Derivation, scheme: Scheme): Plan<Vectors> {
  const { of, at, along, step = relativeStep.first[scheme] } = derivation
  return slopeAlong(lineThrough(at, along, step, scheme), { scheme, read: (values) => vectorsOf(values, of) })
}

function columns(derivation: Derivation, scheme: Scheme): Plan<Jacobian> {
  const { of, wrt, at, inputs, step = relativeStep.first[scheme] } = derivation
  const components = componentsOfAll(wrt, at, inputs)
  const slopes = slopesAlong({
    count: components.length,
    at: (index) => lineThrough(at, components[index]!.direction(), step, scheme),
    nameOf: (index) => components[index]!.name,
    scheme,
    read: (values) => vectorsOf(values, of),
  })
  return {
    ...slopes,
    assemble: (outputs, answers) => {
      const sizes = sizesOf(vectorsOf(outputs, of))
      return ofColumns(slopes.assemble(outputs, answers), sizes, sizesOf(pick(at, wrt)))
    },
  }
}
