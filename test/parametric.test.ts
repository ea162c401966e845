import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { it } from 'node:test'
import type { Answer } from './support/http.ts'
import type { Failure } from './support/jobs.ts'
import { startPlatform } from './support/platform.ts'

// Processes whose inputs and outputs follow from their options. One executor has no process: it takes submissions, too.

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const { http, jobs } = await startPlatform({
  executors: ['executor', 'executor-bare'],
  processes: { executor: [folder('../processes'), folder('processes')], 'executor-bare': [folder('support')] },
})

interface Document {
  readonly version: string
  readonly inputs: Record<string, { schema: { type?: string; default?: unknown }; minOccurs: number }>
  readonly outputs: Record<string, object>
  readonly warren: { parametric?: boolean; options?: string[]; digest: string }
}

type Jacobian = Readonly<Record<string, Readonly<Record<string, readonly (readonly number[])[]>>>>

function describe(processId: string, body: object): Promise<Answer> {
  return http(`/processes/${processId}/description`, { method: 'POST', json: body })
}

/** A sum of a hundred variables */
function numbered(from: number): string {
  return Array.from({ length: 100 }, (_, index) => `v${from + index}`).join('+')
}

function failureOf(answer: Answer, status = 400): Failure {
  assert.equal(answer.status, status, answer.text)
  return answer.json<Failure & Record<string, unknown>>()
}

it('describes a process with its default options, and with others', async () => {
  const standard = (await http('/processes/AnalyticDiscipline')).json<Document & Record<string, unknown>>()
  assert.deepEqual(Object.keys(standard.inputs), ['expressions', 'x'])
  assert.deepEqual([standard.warren.parametric, standard.warren.options], [true, ['expressions']])
  const answer = await describe('AnalyticDiscipline', { options: { expressions: { u: 'a*b', v: 'b - c' } } })
  assert.equal(answer.status, 200, answer.text)
  const other = answer.json<Document & Record<string, unknown>>()
  assert.deepEqual(Object.keys(other.inputs), ['expressions', 'a', 'b', 'c'])
  assert.deepEqual(other.inputs['a'], { schema: { type: 'number', default: 0 }, minOccurs: 0, maxOccurs: 1 })
  assert.deepEqual(Object.keys(other.outputs), ['u', 'v'])
  assert.deepEqual([other.version, other.warren.digest], [standard.version, standard.warren.digest])
  const { warren: _, ...same } = (await describe('AnalyticDiscipline', {})).json<Document & Record<string, unknown>>()
  const { warren: __, ...told } = standard
  assert.deepEqual(same, told)
})

it('describes a process in Python, and one that is not parametric', async () => {
  const options = { degree: 2, names: ['p', 'q', 'r'] }
  const { inputs } = (await describe('polynomial', { options })).json<Document & Record<string, unknown>>()
  assert.deepEqual(Object.keys(inputs), ['degree', 'names', 'x', 'p', 'q', 'r'])
  const file = (await describe('Sellar1File', { options: { pause: 1 } })).json<Document & Record<string, unknown>>()
  assert.deepEqual([file.warren.parametric, file.warren.options], [undefined, ['pause', 'fail']])
})

it('executes with options, synchronously and asynchronously', async () => {
  assert.deepEqual((await jobs.run('AnalyticDiscipline', { x: 3 })).json(), { y: 18 })
  const expressions = { u: '2*x**2 + 1', v: 'x/z' }
  assert.deepEqual((await jobs.run('AnalyticDiscipline', { expressions, x: 3, z: 4 })).json(), { u: 19, v: 0.75 })
  // whichever executor takes the submission: one of the two does not offer the process
  const ids = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((x) => jobs.submit('AnalyticDiscipline', { expressions, x, z: 1 })),
  )
  for (const [index, id] of ids.entries()) {
    assert.equal((await jobs.end(id)).status, 'successful')
    const x = index + 1
    assert.deepEqual((await http(`/jobs/${id}/results`)).json(), { u: 2 * x * x + 1, v: x })
  }
  const polynomial = { degree: 2, names: ['p', 'q', 'r'], x: 2, q: 3 }
  // by the grammar of these options: whole numbers are floats in Python
  assert.equal((await jobs.run('polynomial', polynomial)).text.replaceAll(' ', ''), '{"value":11.0,"degree":2}')
  const id = await jobs.submit('polynomial', polynomial)
  assert.equal((await jobs.end(id)).status, 'successful')
})

it('checks inputs and outputs against the grammar of the options', async () => {
  const expressions = { u: 'a + b' }
  const unknown = failureOf(await jobs.run('AnalyticDiscipline', { expressions, a: 1, x: 3 }))
  assert.deepEqual(
    [unknown.code, unknown.errors?.map(({ pointer, code }) => [pointer, code])],
    ['BAD_INPUT', [['/inputs/x', 'additionalProperties']]],
  )
  const wrong = failureOf(await jobs.run('AnalyticDiscipline', { expressions, a: 'one' }))
  assert.deepEqual(
    wrong.errors?.map(({ pointer }) => pointer),
    ['/inputs/a'],
  )
  const none = failureOf(await jobs.run('AnalyticDiscipline', { expressions }, { outputs: { y: {} } }))
  assert.equal(none.code, 'NO_SUCH_OUTPUT')
  const some = await jobs.run('AnalyticDiscipline', { expressions: { u: 'a', v: 'b' }, b: 1 }, { outputs: { v: {} } })
  assert.deepEqual(some.json(), { v: 1 })
})

it('says which option is wrong, and why', async () => {
  const wrong = [
    [{ expressions: { y: '2*x +' } }, '/expressions/y', /end of expression/],
    [{ expressions: { ok: 'x', y: 'gamma(x)' } }, '/expressions/y', /no function "gamma"; there are abs/],
    [{ expressions: { y: 'import("fs")' } }, '/expressions/y', /no function "import"/],
    [{ expressions: { y: 'f(x) = x' } }, '/expressions/y', /not arithmetic/],
    [{ expressions: { y: 'x.constructor' } }, '/expressions/y', /not arithmetic/],
    [{ expressions: { y: 'createUnit("knot")' } }, '/expressions/y', /no function/],
    [{ expressions: { y: 'evaluate("1")' } }, '/expressions/y', /no function/],
    [{ expressions: { y: 'parse("1")' } }, '/expressions/y', /no function/],
    [{ expressions: { y: `${'('.repeat(300)}x${')'.repeat(300)}` } }, '/expressions/y', /brackets/],
    [{ expressions: { y: 'expressions' } }, '/expressions', /no variable may be called/],
    [{ expressions: { y: numbered(1), z: numbered(101), w: 'x' } }, '/expressions', /more than 200 variables/],
    [{ expressions: { y: 'x + '.repeat(500) } }, '/expressions/y', /1000 characters/],
    [{ expressions: { y: 5 } }, '/expressions/y', /string/],
    [{ expressions: { constructor: 'x' } }, '/expressions', /./],
    [{ expressions: {} }, '/expressions', /fewer than 1/],
    [{ expressions: 'x' }, '/expressions', /object/],
  ] as const
  for (const [options, pointer, message] of wrong) {
    for (const [root, answer] of [
      ['/options', await describe('AnalyticDiscipline', { options })],
      ['/inputs', await jobs.run('AnalyticDiscipline', { ...options, x: 1 })],
    ] as const) {
      const { code, errors = [] } = failureOf(answer)
      const [first] = errors
      assert.deepEqual([code, first?.pointer], ['BAD_INPUT', `${root}${pointer}`], JSON.stringify(options).slice(0, 80))
      assert.match(first?.message ?? '', message)
    }
  }
  const asynchronous = await http('/processes/AnalyticDiscipline/execution', {
    method: 'POST',
    headers: { prefer: 'respond-async' },
    json: { inputs: { expressions: { y: 'import("fs")' } } },
  })
  assert.equal(failureOf(asynchronous).errors?.[0]?.pointer, '/inputs/expressions/y')
  const twice = failureOf(await describe('polynomial', { options: { names: ['a', 'a'] } }))
  assert.deepEqual(twice.errors?.[0], { pointer: '/options/names/1', code: 'option', message: 'a name is there twice' })
})

it('refuses to describe what there is not', async () => {
  const { code, errors } = failureOf(await describe('AnalyticDiscipline', { options: { k: 2 } }))
  assert.deepEqual([code, errors?.[0]?.pointer], ['BAD_INPUT', '/options/k'])
  assert.equal(failureOf(await describe('nothing', {}), 404).code, 'NO_SUCH_PROCESS')
  assert.equal(failureOf(await describe('AnalyticDiscipline', { option: {} })).code, 'BAD_INPUT')
})

it('gives the exact derivatives of expressions, which differences approach', async () => {
  const expressions = { u: 'x**3 * sin(y)', v: 'exp(z) / x', w: '2' }
  const at = { expressions, x: 1.3, y: 0.4, z: 0.7 }
  const jacobians = await Promise.all(
    ['native', 'centered'].map(async (mode) => {
      const answer = await jobs.run('AnalyticDiscipline', at, { warren: { derive: { mode } } })
      assert.equal(answer.status, 200, answer.text)
      return answer.json<{ jacobian: { value: Jacobian } }>().jacobian.value
    }),
  )
  const [native, centered] = jacobians as [Jacobian, Jacobian]
  const { x, y, z } = at
  const exact = {
    u: { x: 3 * x ** 2 * Math.sin(y), y: x ** 3 * Math.cos(y), z: 0 },
    v: { x: -Math.exp(z) / x ** 2, y: 0, z: Math.exp(z) / x },
    w: { x: 0, y: 0, z: 0 },
  }
  for (const [output, row] of Object.entries(exact)) {
    for (const [input, derivative] of Object.entries(row)) {
      for (const [{ [output]: found }, tolerance] of [
        [native, 1e-14],
        [centered, 1e-8],
      ] as const) {
        const value = found?.[input]?.[0]?.[0] ?? NaN
        assert.ok(Math.abs(value - derivative) < tolerance, `${output} by ${input}: ${value}, not ${derivative}`)
      }
    }
  }
  const chosen = await jobs.run('AnalyticDiscipline', at, { warren: { derive: { of: ['v'], wrt: ['z', 'x'] } } })
  const { jacobian } = chosen.json<{ jacobian: { value: object } }>()
  assert.deepEqual(jacobian.value, { v: { z: native['v']?.['z'], x: native['v']?.['x'] } })
})

it('runs Sellar1 on a file, and keeps the files that it leaves', async () => {
  const shared = await http('/files?name=shared.json', { method: 'POST', body: '{"x_shared": [5, 2]}' })
  assert.equal(shared.status, 201, shared.text)
  const { id: file } = shared.json<{ id: string }>()
  const inputs = { x_1: 1, y_2: 12, x_shared_file: { href: `/files/${file}` } }
  const id = await jobs.submit('Sellar1File', inputs)
  assert.equal((await jobs.end(id)).status, 'successful')
  const { y_1, y_1_file } = (await http(`/jobs/${id}/results`)).json<{ y_1: number; y_1_file: { href: string } }>()
  assert.equal(y_1, Math.sqrt(25 + 2 + 1 - 0.2 * 12))
  assert.deepEqual((await http(y_1_file.href)).json(), { y_1 })
  const { files } = (await http(`/jobs/${id}/files`)).json<{ files: { path: string; role: string }[] }>()
  const left = files.filter(({ role }) => role !== 'input').map(({ path }) => path)
  assert.deepEqual(left.toSorted(), ['data/file1.txt', 'data/sub_data/file2.txt', 'file0.txt', 'output_file.json'])
  assert.equal(failureOf(await jobs.run('Sellar1File', { ...inputs, fail: 'as asked' }), 500).detail, 'as asked')
})
