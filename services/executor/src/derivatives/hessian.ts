import { componentsOfAll, type Component } from './component.ts'
import type { Derivation } from './derivation.ts'
import { lineThrough, relativeStep, slopeAlong, slopesAlong, type Line, type Scheme } from './line.ts'
import type { Plan, Probe } from './plan.ts'
import { dot, mapValues, numbersAt, pick, sizesOf, vectorsOf, type Values, type Vectors } from './vectors.ts'

/** The action of a Hessian as the difference, along the direction, of gradients that the author gives. */
export function actionByGradients(derivation: Derivation, scheme: Scheme): Plan<Vectors> {
  const { of, wrt, at, along, sens, step = relativeStep.first[scheme] } = derivation
  const sizes = sizesOf(pick(at, wrt))
  return slopeAlong(lineThrough(at, along, step, scheme), {
    scheme,
    ask: { kind: 'vjp', mode: 'native', of, wrt, sens },
    read: ({ vjp }) => mapValues(sizes, (size, input) => numbersAt(vjp as Values, input, size, '/vjp')),
  })
}

/** The same as centred differences, by each component, of products with the Jacobian by a complex step. */
export function actionByProducts(derivation: Derivation): Plan<Vectors> {
  const { of, wrt, at, inputs, along, sens, step = relativeStep.first.centered } = derivation
  const components = componentsOfAll(wrt, at, inputs)
  const slopes = slopesAlong({
    count: components.length,
    at: (index) => lineThrough(at, components[index]!.direction(), step, 'centered'),
    nameOf: (index) => components[index]!.name,
    scheme: 'centered',
    ask: { kind: 'jvp', mode: 'complex_step', of, wrt: Object.keys(along), along },
    read: ({ jvp }) => vectorsOf(jvp as Values, of, '/jvp'),
  })
  return {
    ...slopes,
    assemble: (outputs, answers) => {
      const products = slopes.assemble(outputs, answers)
      return byInput(components, (index) => weighted(sens, products[index] ?? {}))
    },
  }
}

/**
 * The same as second differences of the outputs: of gradients by differences, at the two ends of a line along the
 * direction.
 */
export function actionByValues(derivation: Derivation, scheme: Scheme): Plan<Vectors> {
  const { of, wrt, at, inputs, along, sens, step = relativeStep.second[scheme] } = derivation
  const components = componentsOfAll(wrt, at, inputs)
  const size = components.length
  const across = lineThrough(at, along, step, scheme)
  const weigh = (values: Values): number => weighted(sens, vectorsOf(values, of))
  return {
    probes: () => {
      if (scheme === 'centered')
        return { count: 4 * size, at: (index) => probe(index >> 1, index % 2 ? 'high' : 'low') }
      const there = { name: 'the direction', place: across.high }
      return { count: 2 * size + 1, at: (index) => (index === 0 ? there : probe(index - 1, 'high')) }
    },
    assemble: (outputs, answers) => {
      const [there] = answers as [Values]
      const low = (index: number): Values => (index < size ? outputs : there)
      const ends = (index: number): [Values, Values] =>
        scheme === 'centered'
          ? [answers[2 * index] as Values, answers[2 * index + 1] as Values]
          : [low(index), answers[index + 1] as Values]
      const slope = (index: number): number => {
        const [before, behind] = ends(index)
        return (weigh(behind) - weigh(before)) / lineAt(index).width
      }
      return byInput(components, (index) => (slope(size + index) - slope(index)) / across.width)
    },
  }

  /** First those through the lower end, for each component, then those through the upper one. */
  function lineAt(index: number): Line {
    const base = index < size ? across.low : across.high
    return lineThrough(base, components[index % size]!.direction(), step, scheme)
  }

  function probe(index: number, end: 'low' | 'high'): Probe {
    return { name: components[index % size]!.name, place: lineAt(index)[end] }
  }
}

function weighted(sens: Vectors, vectors: Vectors): number {
  return Object.entries(sens).reduce((sum, [name, weights]) => sum + dot(weights, vectors[name] ?? []), 0)
}

function byInput(components: readonly Component[], valueAt: (index: number) => number): Vectors {
  const vectors: Record<string, number[]> = {}
  components.forEach(({ owner }, index) => (vectors[owner] ??= []).push(valueAt(index)))
  return vectors
}
