import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folderWith, nodeProcess, poolOf, problemOf, pythonProcess, runOnce } from './testing.ts'

// What the code of a process derives, in both hosts; x² of a vector, and a text.

const io = `{
  inputs: { x: { schema: { type: 'array', items: { type: 'number' } } }, n: { schema: { type: 'integer' }, minOccurs: 0 } },
  outputs: { y: { schema: { type: 'array', items: { type: 'number' } } }, text: { schema: { type: 'string' } } },
}`
const ts = `import { defineProcess } from '@warren/worker'
export default defineProcess({ id: 'ts', version: '1.0.0', title: '', description: '', ...${io},
  run: ({ x }) => ({ y: x.map((v) => v * v), text: 'done' }),
  jacobian: ({ x }, { wrt }) => ({ y: { [wrt[0]]: x.map((v, i) => x.map((_, j) => (i === j ? 2 * v : 0))) } }),
  vjp: ({ x }, { sens }) => ({ x: Float64Array.from(x, (v, i) => (v < 0 ? NaN : 2 * v * sens.y[i])) }),
  complex: ({ x, n }) => ({ y: x.map(({ re, im }) => ({ re: re * re - im * im, im: 2 * re * im + (n ?? 0) })), text: 'done' }),
})`
const py = `from warren import process
VECTOR = {'schema': {'type': 'array', 'items': {'type': 'number'}}}
@process(id='py', version='1.0.0', inputs={'x': VECTOR, 'n': {'schema': {'type': 'integer'}, 'minOccurs': 0}},
         outputs={'y': VECTOR, 'text': {'schema': {'type': 'string'}}},
         jacobian=lambda inputs, wrt: {'y': {wrt[0]: [[2 * v if i == j else 0.0 for j in range(len(inputs['x']))]
                                                      for i, v in enumerate(inputs['x'])]}},
         vjp=lambda inputs, sens: {'x': [float('nan') if v < 0 else 2 * v * s for v, s in zip(inputs['x'], sens['y'])]},
         complex=True)
def square(x, n=0):
    return {'y': [v * v for v in x], 'text': 'done'}
`
const plain = nodeProcess('plain', 'return { value }')
const plainPy = pythonProcess('plain-py', 'return value')
const pool = await poolOf([
  folderWith({
    'ts/process.mjs': ts,
    'py/process.py': py,
    'plain/process.mjs': plain,
    'plain-py/process.py': plainPy,
  }),
])

const at = { x: [3, 0.5] }
const native = { mode: 'native', of: ['y'], wrt: ['x'] }

async function derived(processId: string, ask: object, inputs: object = at): Promise<unknown> {
  const outcome = await runOnce(pool, processId, inputs, {}, 20_000, { derive: JSON.stringify(ask) })
  assert.ok(outcome.status === 'successful', JSON.stringify(outcome))
  return outcome.value
}

for (const id of ['ts', 'py']) {
  test(`${id}: the author's functions, beside the outputs`, async () => {
    const outputs = { y: [9, 0.25], text: 'done' }
    const rows = [[6, 0], [0, 1]] // prettier-ignore
    assert.deepEqual(await derived(id, { kind: 'jacobian', ...native }), { ...outputs, jacobian: { y: { x: rows } } })
    const vjp = { kind: 'vjp', ...native, sens: { y: [1, 10] } }
    assert.deepEqual(await derived(id, vjp), { ...outputs, vjp: { x: [6, 10] } })
    const outcome = await runOnce(pool, id, { x: [-1, 1] }, {}, 20_000, { derive: JSON.stringify(vjp) })
    const { code, message } = problemOf(outcome)
    assert.deepEqual([code, message.slice(0, 12)], ['BAD_RESULT', 'vjp.x[0]: Na'])
  })

  test(`${id}: a complex step, with real outputs`, async () => {
    const ask = { ...native, kind: 'jvp', mode: 'complex_step', along: { x: [0, 2] }, step: 1e-20 }
    assert.deepEqual(await derived(id, ask, { ...at, n: 0 }), { y: [9, 0.25], text: 'done', jvp: { y: [0, 2] } })
  })

  test(`${id}: what is not given is refused`, async () => {
    const outcome = await runOnce(pool, id, at, {}, 20_000, { derive: JSON.stringify({ kind: 'hvp', ...native }) })
    assert.equal(problemOf(outcome).code, 'BAD_INPUT')
  })
}

test('a run without it is as ever', async () => {
  for (const id of ['plain', 'plain-py', 'ts', 'py']) {
    const outcome = await runOnce(pool, id, id.startsWith('plain') ? { value: 1 } : at)
    assert.equal(outcome.status, 'successful')
  }
})
