import { isNative } from '@warren/contracts'
import { askJacobian, askVectors } from './ask.ts'
import type { Derivation } from './derivation.ts'
import type { Jacobian } from './jacobian.ts'
import type { Plan } from './plan.ts'
import { byColumns, byRows, contracted } from './products.ts'

/** By the author's function for this kind, else by one that the derivative follows from without differences. */
export function byAuthor(derivation: Derivation): Plan | undefined {
  const { kind, of, wrt, along, sens, native } = derivation
  if (kind !== 'jacobian' && native[kind]) {
    const vectors = { ...(kind !== 'vjp' && { along }), ...(kind !== 'jvp' && { sens }) }
    return askVectors(derivation, { kind, mode: 'native', of, wrt, ...vectors })
  }
  return isNative(kind, native) ? contracted(jacobianOf(derivation), derivation) : undefined
}

function jacobianOf(derivation: Derivation): Plan<Jacobian> {
  if (derivation.native.jacobian) return askJacobian(derivation)
  return derivation.native.vjp ? byRows(derivation) : byColumns(derivation, 'native')
}
