import { defineProcess } from '@warren/worker'

const number = { type: 'number' } as const
const positive = { type: 'number', exclusiveMinimum: 0 } as const

export default defineProcess({
  id: 'sellar-mda',
  version: '1.0.0',
  title: 'Sellar, coupled analysis',
  description: 'Solves the coupling of Sellar1 and Sellar2, which it calls, by Gauss-Seidel iteration.',
  keywords: ['multidisciplinary', 'Sellar'],
  inputs: {
    x_1: { schema: { ...number, default: 0 } },
    x_2: { schema: { ...number, default: 0 } },
    x_shared: { schema: { type: 'array', items: number, minItems: 2, maxItems: 2, default: [1, 0] } },
    tolerance: { title: 'Largest change of y_1 and y_2 at the end', schema: { ...positive, default: 1e-10 } },
    max_iterations: { schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } },
  },
  outputs: {
    y_1: { schema: number },
    y_2: { schema: number },
    obj: { schema: number },
    c_1: { schema: number },
    c_2: { schema: number },
    iterations: { schema: { type: 'integer' } },
    residual: { title: 'Change in the last iteration', schema: number },
  },
  deterministic: true,
  async run({ x_1, x_2, x_shared, tolerance, max_iterations }, { call, metric, progress, signal }) {
    let [y_1, y_2, residual, iterations] = [1, 1, Infinity, 0]
    while (residual > tolerance) {
      signal.throwIfAborted()
      if (iterations === max_iterations) throw new Error(`no convergence in ${iterations} iterations: ${residual}`)
      const before = { y_1, y_2 }
      y_1 = Number((await call('Sellar1', { x_1, x_shared, y_2 }))['y_1'])
      y_2 = Number((await call('Sellar2', { x_2, x_shared, y_1 }))['y_2'])
      residual = Math.max(Math.abs(y_1 - before.y_1), Math.abs(y_2 - before.y_2))
      metric('residual', residual, ++iterations)
      // The residual falls geometrically, so its logarithm tells how far we are.
      progress((100 * Math.log(Math.min(1, residual))) / Math.log(tolerance), `iteration ${iterations}`)
    }
    const { obj, c_1, c_2 } = await call('SellarSystem', { x_1, x_2, x_shared, y_1, y_2 })
    return { y_1, y_2, obj: Number(obj), c_1: Number(c_1), c_2: Number(c_2), iterations, residual }
  },
})
