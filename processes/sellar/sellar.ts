/**
 * The problem of Sellar, Batill and Renaud (1996) in the form with scalar couplings:
 *
 *   y_1 = sqrt(|x_shared_0² + x_shared_1 + x_1 - gamma y_2|)
 *   y_2 = |y_1| + x_shared_0 + x_shared_1 - x_2
 *   obj = x_1² + x_2² + y_1² + x_shared_1 + exp(-y_2)
 *   c_1 = alpha - y_1²,  c_2 = y_2 - beta
 */

export interface Design {
  readonly x_1: number
  readonly x_2: number
  readonly x_shared: readonly number[]
}

export interface Coupling {
  readonly y_1: number
  readonly y_2: number
}

/** Derivatives of outputs by inputs: jacobian[output][input] is a row, one entry per component of the input. */
export type Jacobian = { readonly [output: string]: { readonly [input: string]: readonly number[] } }

type Sellar1Inputs = Pick<Design, 'x_1' | 'x_shared'> & { readonly y_2: number; readonly gamma: number }
type Sellar2Inputs = Pick<Design, 'x_2' | 'x_shared'> & { readonly y_1: number }
type SystemInputs = Design & Coupling & { readonly alpha: number; readonly beta: number }

export function sellar1(inputs: Sellar1Inputs) {
  return { y_1: Math.sqrt(Math.abs(radicand(inputs))) }
}

export function sellar2({ x_2, x_shared: [z_0 = 0, z_1 = 0], y_1 }: Sellar2Inputs) {
  return { y_2: Math.abs(y_1) + z_0 + z_1 - x_2 }
}

export function sellarSystem({ x_1, x_2, x_shared: [, z_1 = 0], y_1, y_2, alpha, beta }: SystemInputs) {
  return { obj: x_1 ** 2 + x_2 ** 2 + y_1 ** 2 + z_1 + Math.exp(-y_2), c_1: alpha - y_1 ** 2, c_2: y_2 - beta }
}

export function sellar1Jacobian(inputs: Sellar1Inputs): Jacobian {
  const [z_0 = 0] = inputs.x_shared
  const factor = Math.sign(radicand(inputs)) / (2 * sellar1(inputs).y_1)
  return {
    y_1: {
      x_1: [factor],
      x_shared: [2 * z_0 * factor, factor],
      y_2: [-inputs.gamma * factor],
      gamma: [-inputs.y_2 * factor],
    },
  }
}

export function sellar2Jacobian({ y_1 }: Sellar2Inputs): Jacobian {
  return { y_2: { x_2: [-1], x_shared: [1, 1], y_1: [y_1 < 0 ? -1 : 1] } }
}

export function sellarSystemJacobian({ x_1, x_2, y_1, y_2 }: SystemInputs): Jacobian {
  return {
    obj: {
      x_1: [2 * x_1],
      x_2: [2 * x_2],
      x_shared: [0, 1],
      y_1: [2 * y_1],
      y_2: [-Math.exp(-y_2)],
      alpha: [0],
      beta: [0],
    },
    c_1: { x_1: [0], x_2: [0], x_shared: [0, 0], y_1: [-2 * y_1], y_2: [0], alpha: [1], beta: [0] },
    c_2: { x_1: [0], x_2: [0], x_shared: [0, 0], y_1: [0], y_2: [1], alpha: [0], beta: [-1] },
  }
}

function radicand({ x_1, x_shared: [z_0 = 0, z_1 = 0], y_2, gamma }: Sellar1Inputs) {
  return z_0 ** 2 + z_1 + x_1 - gamma * y_2
}
