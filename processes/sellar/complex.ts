import type { Complex as Parts } from '@warren/worker'
import { Complex } from 'complex.js'

/** The formulas of sellar.ts with complex numbers. The absolute value is the analytic one: -z to the left of zero. */

interface Design {
  readonly x_1: Parts
  readonly x_2: Parts
  readonly x_shared: readonly Parts[]
}

interface Coupling {
  readonly y_1: Parts
  readonly y_2: Parts
}

type Sellar1Inputs = Pick<Design, 'x_1' | 'x_shared'> & { readonly y_2: Parts; readonly gamma: Parts }
type Sellar2Inputs = Pick<Design, 'x_2' | 'x_shared'> & { readonly y_1: Parts }
type SystemInputs = Design & Coupling & { readonly alpha: Parts; readonly beta: Parts }

export function sellar1Complex({ x_1, x_shared: [z_0, z_1], y_2, gamma }: Sellar1Inputs) {
  return {
    y_1: absolute(
      square(z_0)
        .add(of(z_1))
        .add(of(x_1))
        .sub(of(gamma).mul(of(y_2))),
    ).sqrt(),
  }
}

export function sellar2Complex({ x_2, x_shared: [z_0, z_1], y_1 }: Sellar2Inputs) {
  return { y_2: absolute(of(y_1)).add(of(z_0)).add(of(z_1)).sub(of(x_2)) }
}

export function sellarSystemComplex({ x_1, x_2, x_shared: [, z_1], y_1, y_2, alpha, beta }: SystemInputs) {
  return {
    obj: square(x_1).add(square(x_2)).add(square(y_1)).add(of(z_1)).add(of(y_2).neg().exp()),
    c_1: of(alpha).sub(square(y_1)),
    c_2: of(y_2).sub(of(beta)),
  }
}

function of({ re, im }: Parts = { re: 0, im: 0 }): Complex {
  return new Complex(re, im)
}

/** Not `pow(2)`, which goes through logarithms. */
function square(z?: Parts): Complex {
  return of(z).mul(of(z))
}

function absolute(z: Complex): Complex {
  return z.re < 0 ? z.neg() : z
}
