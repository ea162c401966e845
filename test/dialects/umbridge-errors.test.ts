import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { startPlatform } from '../support/platform.ts'
import { assertError, refusals } from './umbridge/checks.ts'
import { openHttpModel, post, postText } from './umbridge/http-model.ts'

const here = import.meta.dirname
const { stack } = await startPlatform({ processes: [join(here, '../../processes'), join(here, 'umbridge/processes')] })
const all = `${stack.url}/umbridge`
const rosenbrock = `${all}/rosenbrock`
const refused = refusals(all)

const routes = ['ModelInfo', 'InputSizes', 'OutputSizes', 'Evaluate', 'Gradient', 'ApplyJacobian', 'ApplyHessian']
const derived = { outWrt: 0, inWrt: 0, inWrt1: 0, inWrt2: 0, sens: [1], vec: [1, 1] }

it('ModelNotFound comes first, whatever else is wrong', async () => {
  for (const route of routes) {
    for (const name of ['wrong_model_name', 'echo', '', undefined, 7, ['rosenbrock']]) {
      assertError(await post(`${all}/${route}`, { name, input: 'nonsense', config: 1 }), 400, 'ModelNotFound')
    }
    assertError(await post(`${rosenbrock}/${route}`, { name: 'Sellar1' }), 400, 'ModelNotFound')
  }
  const answer = (await post(`${rosenbrock}/Evaluate`, { name: 'x' })).json() as { error: { message: string } }
  assert.match(answer.error.message, /^Model x not found! The following are available: \['rosenbrock'\]\.$/)
})

it('UnsupportedFeature comes before the input', async () => {
  for (const route of ['Gradient', 'ApplyJacobian', 'ApplyHessian']) {
    await refused(route, { name: 'counter' }, 'UnsupportedFeature')
    await refused(route, { name: 'counter', input: [[1]], config: { level: 0 } }, 'UnsupportedFeature')
  }
})

it('InvalidInput: number, length and kind of the vectors', async () => {
  const wrong = [undefined, 7, {}, [], [[1, 1], [1]], [[1]], [[1, 1, 1]], [1, 1], [[1, '1']], [[1, null]], [{}]]
  for (const route of ['Evaluate', 'Gradient', 'ApplyJacobian', 'ApplyHessian']) {
    for (const input of wrong) await refused(route, { name: 'rosenbrock', input, ...derived }, 'InvalidInput')
  }
  const numbers = { name: 'Sellar1', ...derived }
  await refused('Evaluate', { ...numbers, input: [[1], [1, 1, 1], [1], [1]] }, 'InvalidInput')
  await refused('Evaluate', { ...numbers, input: [[1, 1], [1, 1], [1], [1]] }, 'InvalidInput')
  assertError(await postText(`${rosenbrock}/Evaluate`, '{"name": "rosenbrock", "input": [[NaN, 1.0]]}'), 400)
})

it('InvalidInput: indexes out of range', async () => {
  const asked = { name: 'rosenbrock', input: [[1, 1]], ...derived }
  for (const index of [1, -1, 0.5, '0', null, undefined]) {
    for (const route of ['Gradient', 'ApplyJacobian', 'ApplyHessian']) {
      await refused(route, { ...asked, outWrt: index }, 'InvalidInput')
    }
    await refused('Gradient', { ...asked, inWrt: index }, 'InvalidInput')
    await refused('ApplyJacobian', { ...asked, inWrt: index }, 'InvalidInput')
    await refused('ApplyHessian', { ...asked, inWrt1: index }, 'InvalidInput')
    await refused('ApplyHessian', { ...asked, inWrt2: index }, 'InvalidInput')
  }
})

it('InvalidInput: length of the sensitivity and of the direction', async () => {
  const asked = { name: 'rosenbrock', input: [[1, 1]], ...derived }
  await refused('Gradient', { ...asked, sens: [1, 1] }, 'InvalidInput')
  await refused('Gradient', { ...asked, sens: undefined }, 'InvalidInput')
  await refused('ApplyJacobian', { ...asked, vec: [1] }, 'InvalidInput')
  await refused('ApplyHessian', { ...asked, vec: [1, 1, 1] }, 'InvalidInput')
  await refused('ApplyHessian', { ...asked, sens: [] }, 'InvalidInput')
})

it('InvalidInput: what is no JSON object', async () => {
  for (const text of ['', '{', '[]', 'null', '{"name": rosenbrock}']) {
    assertError(await postText(`${rosenbrock}/Evaluate`, text), 400, 'InvalidInput')
  }
})

it('a run that fails is a 500 that says why, also to the client', async () => {
  const fragile = await openHttpModel(all, 'fragile')
  assert.deepEqual(await fragile.evaluate([[4.0]]), [[2]])
  const thrown = await post(`${all}/Evaluate`, { name: 'fragile', input: [[-1]] })
  assertError(thrown, 500, 'PROCESS_FAILED')
  assertError(await post(`${all}/Evaluate`, { name: 'fragile', input: [[13]] }), 500, 'PROCESS_CRASHED')
  assertError(await post(`${all}/Evaluate`, { name: 'fragile', input: [[4e6]] }), 500, 'InvalidOutput')
  await assert.rejects(fragile.evaluate([[-1.0]]), /PROCESS_FAILED: .*no root of a negative number/)
  assert.deepEqual(await fragile.evaluate([[9.0]]), [[3]])
})
