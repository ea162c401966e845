import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpDiscipline, Jacobian } from './gemseo/client.ts'
import { minimise, type Evaluation } from './gemseo/optimiser.ts'
import { jsonBody } from './gemseo/httpx.ts'
import { floats, loads } from './gemseo/python.ts'
import { startSession } from './gemseo/session.ts'

// Derivatives as the client asks for them, and what they are for.

const { discipline, httpx, tokenOf } = await startSession()

const at = { x_1: 1.0, x_shared: [2.0, 0.5], y_2: 1.5, gamma: 0.2 }

/** Of Sellar1. */
function exact({ x_1, x_shared: [z_0 = 0, z_1 = 0], y_2, gamma }: typeof at): Jacobian {
  const factor = 1 / (2 * Math.sqrt(z_0 ** 2 + z_1 + x_1 - gamma * y_2))
  return {
    y_1: {
      x_1: [[factor]],
      x_shared: [[2 * z_0 * factor, factor]],
      y_2: [[-gamma * factor]],
      gamma: [[-y_2 * factor]],
    },
  }
}

function assertClose(actual: Jacobian, expected: Jacobian, tolerance: number): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected))
  for (const [output, blocks] of Object.entries(expected)) {
    assert.deepEqual(Object.keys(actual[output] ?? {}).toSorted(), Object.keys(blocks).toSorted())
    for (const [input, rows] of Object.entries(blocks)) {
      const got = actual[output]?.[input] ?? []
      assert.deepEqual(
        got.map((row) => row.length),
        rows.map((row) => row.length),
        `${output} by ${input}`,
      )
      const [some, all] = [floats(got), floats(rows)]
      all.forEach((value, n) =>
        assert.ok(Math.abs((some[n] as number) - value) < tolerance, `${output} by ${input}: ${some.join(', ')}`),
      )
    }
  }
}

describe('linearize', () => {
  const modes: [mode: string, tolerance: number][] = [
    ['auto', 1e-12],
    ['direct', 1e-12],
    ['adjoint', 1e-12],
    ['reverse', 1e-12],
    ['finite_differences', 1e-5],
    ['centered_differences', 1e-7],
    ['hybrid_finite_differences', 1e-12],
    ['hybrid_centered_differences', 1e-12],
    ['hybrid_complex_step', 1e-12],
  ]
  for (const [linearizationMode, tolerance] of modes) {
    it(`in the mode ${linearizationMode}: all of it, in the same answer as the outputs`, async () => {
      const made = await discipline('Sellar1', { linearizationMode })
      assertClose(await made.linearize(at), exact(at), tolerance)
      assert.equal(made.replies.length, 4, 'three for the construction, and one')
      assert.match(made.replies[3]?.text ?? '', /"job_type":"execute_and_linearize"/)
    })
  }

  it('with the complex step, of code that computes with complex numbers', async () => {
    const made = await discipline('rosenbrock', { linearizationMode: 'complex_step' })
    assertClose(await made.linearize({ x: [2.0, 1.0] }), { f: { x: [[2402, -600]] } }, 1e-9)
  })

  it('with the complex step, of code that does not: the next best', async () => {
    const made = await discipline('Sellar1', { linearizationMode: 'complex_step' })
    assertClose(await made.linearize(at), exact(at), 1e-7)
  })

  it('of a discipline that is made by its options', async () => {
    const made = await discipline('AnalyticDiscipline', { disciplineOptions: { expressions: { y: '2*x**2' } } })
    assertClose(await made.linearize({ x: 3.0 }), { y: { x: [[12]] } }, 1e-5)
    assert.deepEqual(await made.execute({ x: 3.0 }), { x: [3], y: [18] })
  })

  it('of some outputs by some inputs', async () => {
    const made = await discipline('SellarSystem')
    const jacobian = await made.linearize({}, { inputs: ['x_shared'], outputs: ['obj', 'c_1'] })
    assert.deepEqual(jacobian, { obj: { x_shared: [[0, 1]] }, c_1: { x_shared: [[0, 0]] } })
  })

  it('an execution first, then twice with changed inputs', async () => {
    const made = await discipline('Sellar1')
    await made.execute(at)
    await assert.rejects(made.linearize(at), /KeyError/, 'the cached entry has none: nothing was asked')
    for (const x_1 of [2.0, 3.0]) assertClose(await made.linearize({ ...at, x_1 }), exact({ ...at, x_1 }), 1e-12)
  })

  it('zeros and ones of it are floats', async () => {
    const made = await discipline('SellarSystem')
    await made.linearize()
    const { jacobian_data: jacobian } = loads(made.replies.at(-1)?.text ?? '') as { jacobian_data: Jacobian }
    assert.equal(floats(jacobian['c_1']?.['alpha']?.flat() as number[])[0], 1)
  })

  it('all of it, when the options say so, whatever is named', async () => {
    const body =
      '{"linearize":true,"linearize_options":{"compute_all_jacobians":true,"execute":true},"differentiated_inputs":["x_2"]}'
    const reply = await httpx('POST', '/v1/discipline/Sellar2/execute', await tokenOf('ada'), jsonBody(body))
    const { jacobian_data: jacobian } = loads(reply.text) as { jacobian_data: Jacobian }
    assert.deepEqual(Object.keys(jacobian['y_2'] ?? {}).toSorted(), ['x_2', 'x_shared', 'y_1'])
  })

  it('what cannot be derived is refused', async () => {
    const body = '{"linearize":true,"differentiated_inputs":["nothing"]}'
    const reply = await httpx('POST', '/v1/discipline/Sellar1/execute', await tokenOf('ada'), jsonBody(body))
    assert.equal(reply.status, 422, reply.text)
  })
})

describe('the problem of Sellar', () => {
  const start = [1, 1, 4, 3]
  const bounds = { lower: [0, 0, -10, 0], upper: [10, 10, 10, 10] }
  const optimum = 3.18339

  for (const withJacobians of [true, false]) {
    it(`is solved ${withJacobians ? 'with Jacobians' : 'with differences of the client'}`, async (t) => {
      const names = ['Sellar1', 'Sellar2', 'SellarSystem']
      const made = await Promise.all(names.map((name) => discipline(name)))
      const [one, two, system] = made as [HttpDiscipline, HttpDiscipline, HttpDiscipline]
      let y = { y_1: 1, y_2: 1 }
      const since = performance.now()
      const found = await minimise(withJacobians ? byChainRule : byDifferences, start, bounds)
      const calls = made.reduce((sum, { replies }) => sum + replies.length - 3, 0)
      t.diagnostic(`${calls} calls, ${((performance.now() - since) / calls).toFixed(1)} ms each, obj ${found.value}`)
      assert.ok(
        Math.abs(found.value - optimum) < 1e-3,
        `${found.value} at ${found.x.join(', ')} after ${found.iterations} steps`,
      )
      assert.ok(calls > 100, `${calls} calls`)

      /** The multidisciplinary analysis: each discipline with what the other gave, until nothing changes. */
      async function couple([x_1 = 0, x_2 = 0, ...x_shared]: readonly number[]) {
        for (;;) {
          const [y_1 = 0] = floats((await one.execute({ x_1, x_shared, y_2: y.y_2 }))['y_1'])
          const [y_2 = 0] = floats((await two.execute({ x_2, x_shared, y_1 }))['y_2'])
          const change = Math.abs(y_1 - y.y_1) + Math.abs(y_2 - y.y_2)
          y = { y_1, y_2 }
          if (change < 1e-11) return { x_1, x_2, x_shared, ...y }
        }
      }

      async function valuesAt(x: readonly number[]): Promise<[value: number, constraint: number]> {
        const data = await system.execute(await couple(x))
        assert.ok((floats(data['c_2'])[0] as number) < 0)
        return [floats(data['obj'])[0] as number, floats(data['c_1'])[0] as number]
      }

      async function byDifferences(x: readonly number[]): Promise<Evaluation> {
        const [value, constraint] = await valuesAt(x)
        const gradient: number[] = []
        const slope: number[] = []
        for (const n of x.keys()) {
          const [near, bound] = await valuesAt(x.map((at, m) => (m === n ? at + 1e-6 : at)))
          gradient.push((near - value) / 1e-6)
          slope.push((bound - constraint) / 1e-6)
        }
        return { value, constraint, gradient, slope }
      }

      async function byChainRule(x: readonly number[]): Promise<Evaluation> {
        const point = await couple(x)
        const { x_1, x_2, x_shared, y_1, y_2 } = point
        // the entry of the cache has no Jacobian
        const nudged = y_2 + 1e-12
        const of1 = (await one.linearize({ x_1, x_shared, y_2: nudged }))['y_1'] as Jacobian[string]
        const of2 = (await two.linearize({ x_2, x_shared, y_1: y_1 + 1e-12 }))['y_2'] as Jacobian[string]
        const all = await system.linearize({ ...point, y_2: nudged })
        const data = await system.execute({ ...point, y_2: nudged })
        const row = (blocks: Jacobian[string]): number[] =>
          ['x_1', 'x_2', 'x_shared'].flatMap((name) => blocks[name]?.[0] ?? (name === 'x_shared' ? [0, 0] : [0]))
        const by = (blocks: Jacobian[string], name: string): number => blocks[name]?.[0]?.[0] ?? 0
        const [f, g] = [row(of1), row(of2)]
        const loop = 1 - by(of1, 'y_2') * by(of2, 'y_1')
        const d1 = f.map((own, n) => (own + by(of1, 'y_2') * (g[n] as number)) / loop)
        const d2 = g.map((own, n) => own + by(of2, 'y_1') * (d1[n] as number))
        const total = (blocks: Jacobian[string]): number[] =>
          row(blocks).map(
            (own, n) => own + by(blocks, 'y_1') * (d1[n] as number) + by(blocks, 'y_2') * (d2[n] as number),
          )
        return {
          value: floats(data['obj'])[0] as number,
          constraint: floats(data['c_1'])[0] as number,
          gradient: total(all['obj'] as Jacobian[string]),
          slope: total(all['c_1'] as Jacobian[string]),
        }
      }
    })
  }
})
