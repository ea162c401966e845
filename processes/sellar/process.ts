import { defineProcess } from '@warren/worker'
import { sellar1Complex, sellar2Complex, sellarSystemComplex } from './complex.ts'
import { sellar1, sellar1Jacobian, sellar2, sellar2Jacobian, sellarSystem, sellarSystemJacobian } from './sellar.ts'

const number = { type: 'number' } as const
const x_1 = { schema: { ...number, default: 0 } } as const
const x_2 = { schema: { ...number, default: 0 } } as const
const x_shared = {
  title: 'Shared design variables',
  schema: { type: 'array', items: number, minItems: 2, maxItems: 2, default: [1, 0] },
} as const
const y_1 = { title: 'Coupling variable of Sellar1', schema: { ...number, default: 1 } } as const
const y_2 = { title: 'Coupling variable of Sellar2', schema: { ...number, default: 1 } } as const
const keywords = ['multidisciplinary', 'Sellar']
const shared = { version: '1.1.0', keywords, deterministic: true } as const

export const Sellar1 = defineProcess({
  ...shared,
  id: 'Sellar1',
  title: 'Sellar, discipline 1',
  description: 'y_1 = sqrt(|x_shared_0² + x_shared_1 + x_1 - gamma y_2|)',
  inputs: { x_1, x_shared, y_2, gamma: { schema: { ...number, default: 0.2 } } },
  outputs: { y_1: { schema: number } },
  run: sellar1,
  jacobian: sellar1Jacobian,
  complex: sellar1Complex,
})

export const Sellar2 = defineProcess({
  ...shared,
  id: 'Sellar2',
  title: 'Sellar, discipline 2',
  description: 'y_2 = |y_1| + x_shared_0 + x_shared_1 - x_2',
  inputs: { x_2, x_shared, y_1 },
  outputs: { y_2: { schema: number } },
  run: sellar2,
  jacobian: sellar2Jacobian,
  complex: sellar2Complex,
})

export const SellarSystem = defineProcess({
  ...shared,
  id: 'SellarSystem',
  title: 'Sellar, objective and constraints',
  description: 'obj = x_1² + x_2² + y_1² + x_shared_1 + exp(-y_2), c_1 = alpha - y_1², c_2 = y_2 - beta',
  inputs: {
    x_1,
    x_2,
    x_shared,
    y_1,
    y_2,
    alpha: { schema: { ...number, default: 3.16 } },
    beta: { schema: { ...number, default: 24 } },
  },
  outputs: { obj: { schema: number }, c_1: { schema: number }, c_2: { schema: number } },
  run: sellarSystem,
  jacobian: sellarSystemJacobian,
  complex: sellarSystemComplex,
})
