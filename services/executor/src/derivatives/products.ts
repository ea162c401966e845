import { componentsOfAll } from './component.ts'
import type { Derivation } from './derivation.ts'
import { ofColumns, ofRows, timesAlong, timesSens, type Jacobian } from './jacobian.ts'
import type { Plan } from './plan.ts'
import { numbersAt, mapValues, pick, sizesOf, vectorsOf, type Values, type Vectors } from './vectors.ts'

/** The Jacobian column by column: for each component of the inputs, a run that derives along it. */
export function byColumns(derivation: Derivation, mode: 'native' | 'complex_step'): Plan<Jacobian> {
  const { of, wrt, at, inputs, step } = derivation
  const components = componentsOfAll(wrt, at, inputs)
  return {
    probes: () => ({
      count: components.length,
      at: (index) => {
        const { owner, name, direction } = components[index]!
        const ask = {
          kind: 'jvp',
          mode,
          of,
          wrt: [owner],
          along: direction(),
          ...(step !== undefined && { step }),
        } as const
        return { name, place: at, ask }
      },
    }),
    assemble: (outputs, answers) => {
      const sizes = sizesOf(vectorsOf(outputs, of))
      const columns = answers.map(({ jvp }) => vectorsOf(jvp as Values, of, '/jvp'))
      return ofColumns(columns, sizes, sizesOf(pick(at, wrt)))
    },
  }
}

/** The Jacobian row by row: for each component of the outputs, a run that derives it. */
export function byRows({ of, wrt, at }: Derivation): Plan<Jacobian> {
  return {
    probes: (outputs) => {
      const components = componentsOfAll(of, vectorsOf(outputs, of), outputs)
      return {
        count: components.length,
        at: (index) => {
          const { owner, name, direction } = components[index]!
          const ask = { kind: 'vjp', mode: 'native', of: [owner], wrt, sens: direction() } as const
          return { name, place: at, ask }
        },
      }
    },
    assemble: (outputs, answers) => {
      const sizes = sizesOf(pick(at, wrt))
      const rows = answers.map(({ vjp }) =>
        mapValues(sizes, (size, input) => numbersAt(vjp as Values, input, size, '/vjp')),
      )
      return ofRows(rows, sizesOf(vectorsOf(outputs, of)), sizes)
    },
  }
}

/** Of a Jacobian, what the derivation is about: itself, or its product with `along` or `sens`. */
export function contracted(plan: Plan<Jacobian>, { kind, wrt, at, along, sens }: Derivation): Plan {
  if (kind === 'jacobian') return plan
  return {
    ...plan,
    assemble: (outputs, answers): Vectors => {
      const jacobian = plan.assemble(outputs, answers)
      return kind === 'jvp' ? timesAlong(jacobian, along) : timesSens(sens, jacobian, sizesOf(pick(at, wrt)))
    },
  }
}
