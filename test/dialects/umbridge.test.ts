import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startPlatform } from '../support/platform.ts'
import { eventually } from '../support/wait.ts'
import { assertError, differences, gradientOf, near, refusals } from './umbridge/checks.ts'
import { get, openHttpModel, post, postText, printed, supportedModels } from './umbridge/http-model.ts'

const here = import.meta.dirname
const { stack, http } = await startPlatform({
  processes: [join(here, '../../processes'), join(here, 'umbridge/processes')],
  slots: 4,
})
const all = `${stack.url}/umbridge`
const rosenbrock = `${all}/rosenbrock`
const sellar1 = `${all}/Sellar1`

const refused = refusals(all)

async function newestJob(processId: string): Promise<{ state: string; mode: string }> {
  const { jobs } = (await http(`/jobs?processID=${processId}&limit=1`)).json<{
    jobs: { warren: { state: string; mode: string } }[]
  }>()
  return jobs[0]?.warren ?? { state: 'none', mode: 'none' }
}

/** x_1, x_shared, y_2, gamma */
const point = [[1.0], [5.0, 2.0], [1.0], [0.2]]
const y_1 = Math.sqrt(5 ** 2 + 2 + 1 - 0.2)

describe('what there is', () => {
  it('answers HEAD on every base', async () => {
    for (const base of [all, rosenbrock, sellar1]) {
      const answer = await get(base, 'HEAD')
      assert.deepEqual([answer.status, answer.text], [200, ''])
    }
  })

  it('Info has the version and the models of the base, and nothing else', async () => {
    const answer = await get(`${rosenbrock}/Info`)
    assert.deepEqual([answer.status, answer.type], [200, 'application/json'])
    assert.deepEqual(answer.json(), { protocolVersion: 1, models: ['rosenbrock'] })
    assert.match(answer.text, /1\.0/)
    const { models, ...rest } = (await get(`${all}/Info`)).json() as { models: string[] }
    assert.deepEqual(rest, { protocolVersion: 1 })
    for (const name of ['rosenbrock', 'Sellar1', 'SellarSystem', 'product']) assert.ok(models.includes(name), name)
  })

  it('models have numbers and vectors of a known size, and no other required input or output', async () => {
    const models = await supportedModels(all)
    for (const name of ['echo', 'heat', 'needs-text', 'any-length']) {
      assert.ok(!models.includes(name), name)
      assertError(await get(`${all}/${name}/Info`), 400, 'ModelNotFound')
    }
  })

  it('ModelInfo has what is supported, and nothing else', async () => {
    const everything = { Evaluate: true, Gradient: true, ApplyJacobian: true, ApplyHessian: true }
    for (const [base, name] of [
      [rosenbrock, 'rosenbrock'],
      [sellar1, 'Sellar1'],
      [all, 'Sellar1'],
    ] as const) {
      const answer = await post(`${base}/ModelInfo`, { name })
      assert.deepEqual([answer.status, answer.json()], [200, { support: everything }])
    }
    const integers = { Evaluate: true, Gradient: false, ApplyJacobian: false, ApplyHessian: false }
    assert.deepEqual((await post(`${all}/ModelInfo`, { name: 'counter' })).json(), { support: integers })
  })

  it('InputSizes and OutputSizes are lists of integers', async () => {
    assert.equal((await post(`${rosenbrock}/InputSizes`, { name: 'rosenbrock' })).text, '{"inputSizes":[2]}')
    assert.equal((await post(`${rosenbrock}/OutputSizes`, { name: 'rosenbrock' })).text, '{"outputSizes":[1]}')
    assert.equal((await post(`${sellar1}/InputSizes`, { name: 'Sellar1' })).text, '{"inputSizes":[1,2,1,1]}')
    assert.equal((await post(`${sellar1}/OutputSizes`, { name: 'Sellar1' })).text, '{"outputSizes":[1]}')
    const product = await openHttpModel(all, 'product')
    assert.deepEqual(
      [await product.inputSizes(), await product.outputSizes()],
      [
        [2, 1],
        [2, 1],
      ],
    )
  })
})

describe('Evaluate', () => {
  it('gives a list of vectors, a number as a vector of one', async () => {
    const model = await openHttpModel(rosenbrock, 'rosenbrock')
    near((await model.evaluate([[-1.2, 1.0]]))[0], [24.2])
    const product = await openHttpModel(all, 'product')
    assert.deepEqual(await product.evaluate([[2.0, 3.0], [0.5]]), [[1, 1.5], [1.5]])
    const sellar = await openHttpModel(sellar1, 'Sellar1')
    near((await sellar.evaluate(point))[0], [y_1])
  })

  it('passes numbers on as the run printed them', async () => {
    const answer = await post(`${rosenbrock}/Evaluate`, { name: 'rosenbrock', input: [[1.0, 1.0]] })
    assert.deepEqual([answer.status, answer.type, answer.text], [200, 'application/json', '{"output":[[0.0]]}'])
  })

  it('reads a body of any content type, and of none', async () => {
    const body = printed({ name: 'rosenbrock', input: [[1.0, 1.0]], config: {} })
    for (const type of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/json']) {
      const answer = await postText(`${rosenbrock}/Evaluate`, body, type)
      assert.deepEqual([answer.status, answer.text], [200, '{"output":[[0.0]]}'], type)
    }
  })

  it('runs side by side what is asked at once', async () => {
    const model = await openHttpModel(all, 'doze')
    await Promise.all([1, 2, 3, 4].map(() => model.evaluate([[0.01]]))) // starts the runners
    const since = performance.now()
    await Promise.all([1, 2, 3, 4].map(() => model.evaluate([[1.0]])))
    const ms = performance.now() - since
    assert.ok(ms < 2_500, `four runs of 1 s on four slots took ${Math.round(ms)} ms`)
  })

  it('is a job where it may take longer than a synchronous run', async () => {
    const brief = await openHttpModel(all, 'doze')
    const long = await openHttpModel(all, 'hibernate')
    assert.deepEqual(await Promise.all([brief.evaluate([[0.0]]), long.evaluate([[0.0]])]), [[[0]], [[0]]])
    assert.deepEqual([(await newestJob('doze')).mode, (await newestJob('hibernate')).mode], ['sync', 'async'])
  })

  it('stops the run whose client leaves', async () => {
    for (const name of ['doze', 'hibernate']) {
      const leave = new AbortController()
      const body = printed({ name, input: [[30.5]], config: {} })
      const evaluation = fetch(`${all}/Evaluate`, { method: 'POST', body, signal: leave.signal })
      await eventually('the run begins', 5_000, async () => (await newestJob(name)).state === 'running')
      leave.abort()
      await assert.rejects(evaluation, { name: 'AbortError' })
      await eventually('the run is stopped', 5_000, async () => (await newestJob(name)).state === 'dismissed')
    }
  })
})

describe('config', () => {
  it('gives inputs, which then are no vectors', async () => {
    const model = await openHttpModel(sellar1, 'Sellar1')
    const config = { gamma: 0.0 }
    assert.deepEqual(await model.inputSizes(config), [1, 2, 1])
    near((await model.evaluate(point.slice(0, 3), config))[0], [Math.sqrt(28)])
    near(await model.gradient(0, 2, point.slice(0, 3), [1.0], config), [0])
  })

  it('gives options, which are never vectors', async () => {
    const model = await openHttpModel(all, 'product')
    assert.deepEqual(await model.inputSizes({ scale: 10, note: 'ten times' }), [2, 1])
    assert.deepEqual(await model.evaluate([[2.0, 3.0], [1.0]], { scale: 10, note: 'ten times' }), [[20, 30], [6]])
    const analytic = await openHttpModel(all, 'AnalyticDiscipline')
    const config = { expressions: { sum: 'a + b', product: 'a * b' } }
    assert.deepEqual(
      [await analytic.inputSizes(config), await analytic.outputSizes(config)],
      [
        [1, 1],
        [1, 1],
      ],
    )
    assert.deepEqual(await analytic.evaluate([[2.0], [3.0]], config), [[5], [6]])
    near(await analytic.gradient(1, 0, [[2.0], [3.0]], [1.0], config), [3])
  })

  it('gives the length of a vector that may have any', async () => {
    const model = await openHttpModel(rosenbrock, 'rosenbrock')
    assert.deepEqual([await model.inputSizes({ x: 4 }), await model.outputSizes({ x: 4 })], [[4], [1]])
    assert.deepEqual(await model.evaluate([[1.0, 1.0, 1.0, 2.0]], { x: 4 }), [[100]])
    near(await model.gradient(0, 0, [[1.0, 1.0, 1.0, 2.0]], [1.0], { x: 4 }), [0, 0, -400, 200])
    await assert.rejects(model.evaluate([[1.0, 1.0]], { x: 4 }), /InvalidInput: .*Expected 4 but got 2/)
    for (const x of [1, 2.5, -1]) await refused('InputSizes', { name: 'rosenbrock', config: { x } }, 'InvalidInput')
  })

  it('is refused when it names no input, or is none', async () => {
    await refused('InputSizes', { name: 'rosenbrock', config: { level: 0 } }, 'InvalidInput')
    await refused('Evaluate', { name: 'rosenbrock', input: [[1, 1]], config: { level: 0 } }, 'InvalidInput')
    await refused('Evaluate', { name: 'rosenbrock', input: [[1, 1]], config: 'x' }, 'InvalidInput')
    await refused('Evaluate', { name: 'product', input: [[1, 1], [1]], config: { scale: 'big' } }, 'InvalidInput')
  })
})

describe('derivatives', () => {
  const at = [0.5, -1.5]

  it('Gradient has the size of the input', async () => {
    const model = await openHttpModel(rosenbrock, 'rosenbrock')
    near(await model.gradient(0, 0, [at], [2.0]), gradientOf(at, 2))
    const sellar = await openHttpModel(sellar1, 'Sellar1')
    near(await sellar.gradient(0, 0, point, [1.0]), [1 / (2 * y_1)])
    near(await sellar.gradient(0, 1, point, [1.0]), [5 / y_1, 1 / (2 * y_1)])
    near(await sellar.gradient(0, 2, point, [-1.0]), [0.1 / y_1])
    const product = await openHttpModel(all, 'product')
    near(await product.gradient(0, 0, [[2.0, 3.0], [0.5]], [1.0, 10.0]), [0.5, 5])
    near(await product.gradient(0, 1, [[2.0, 3.0], [0.5]], [1.0, 10.0]), [32])
    near(await product.gradient(1, 1, [[2.0, 3.0], [0.5]], [1.0]), [6])
  })

  it('ApplyJacobian has the size of the output', async () => {
    const model = await openHttpModel(rosenbrock, 'rosenbrock')
    const [g_0, g_1] = gradientOf(at) as [number, number]
    near(await model.applyJacobian(0, 0, [at], [3.0, -1.0]), [3 * g_0 - g_1])
    const sellar = await openHttpModel(sellar1, 'Sellar1')
    near(await sellar.applyJacobian(0, 1, point, [1.0, 2.0]), [6 / y_1])
    const product = await openHttpModel(all, 'product')
    near(await product.applyJacobian(0, 1, [[2.0, 3.0], [0.5]], [2.0]), [4, 6])
    near(await product.applyJacobian(1, 0, [[2.0, 3.0], [0.5]], [1.0, 1.0]), [1.25])
  })

  it('ApplyHessian has the size of the first input, and is what differences of gradients say', async () => {
    const model = await openHttpModel(rosenbrock, 'rosenbrock')
    const vec = [0.3, -0.7]
    const wanted = await differences((x) => gradientOf(x, 2), at, vec)
    near(await model.applyHessian([0, 0, 0], [at], [2.0], vec), wanted, 1e-5)

    const sellar = await openHttpModel(sellar1, 'Sellar1')
    const shared = (x: readonly number[]) => sellar.gradient(0, 1, [[1.0], x, [1.0], [0.2]], [1.0])
    near(
      await sellar.applyHessian([0, 1, 1], point, [1.0], [1.0, -2.0]),
      await differences(shared, [5.0, 2.0], [1.0, -2.0]),
      1e-4,
    )
    const coupled = (y_2: readonly number[]) => sellar.gradient(0, 1, [[1.0], [5.0, 2.0], y_2, [0.2]], [1.0])
    const mixed = await sellar.applyHessian([0, 1, 2], point, [1.0], [1.0])
    assert.equal(mixed.length, 2)
    near(mixed, await differences(coupled, [1.0], [1.0]), 1e-4)
    assert.equal((await sellar.applyHessian([0, 2, 1], point, [1.0], [1.0, 0.0])).length, 1)
  })
})
