import type { Derivation } from './derivation.ts'
import type { Jacobian } from './jacobian.ts'
import { noProbes, type Ask, type Plan } from './plan.ts'
import { mapValues, numbersAt, pick, sizesOf, vectorsOf, type Values, type Vectors } from './vectors.ts'

/** The whole Jacobian by the host. */
export function askJacobian({ of, wrt, at }: Derivation): Plan<Jacobian> {
  const widths = sizesOf(pick(at, wrt))
  return {
    ask: { kind: 'jacobian', mode: 'native', of, wrt },
    probes: noProbes,
    assemble: (outputs) => {
      const rows = sizesOf(vectorsOf(outputs, of))
      const given = (outputs['jacobian'] ?? {}) as Record<string, Values | undefined>
      return mapValues(rows, (size, output) =>
        mapValues(widths, (width, input) => {
          const flat = numbersAt(given[output] ?? {}, input, size * width, `/jacobian/${output}`)
          return Array.from({ length: size }, (_, row) => flat.slice(row * width, (row + 1) * width))
        }),
      )
    },
  }
}

/** A product with the Jacobian, or the action of a Hessian, by the host. */
export function askVectors(derivation: Derivation, ask: Ask): Plan<Vectors> {
  const { kind, of } = ask
  return {
    ask,
    probes: noProbes,
    assemble: (outputs) => {
      const sizes = kind === 'jvp' ? sizesOf(vectorsOf(outputs, of)) : sizesOf(pick(derivation.at, ask.wrt))
      return mapValues(sizes, (size, name) => numbersAt((outputs[kind] ?? {}) as Values, name, size, `/${kind}`))
    },
  }
}
