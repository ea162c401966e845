import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { folderWith, outputsOf, poolOf, problemOf, runOnce } from './testing.ts'

const processes = new URL('../../../../processes/', import.meta.url)
const pool = await poolOf([fileURLToPath(processes)])

/** The parts of `analytic/expression.ts` that are looked at here. */
interface Expressions {
  parseExpression(text: string): {
    readonly variables: readonly string[]
    evaluate(values: object): number
    derive(variable: string): (values: object) => number
  }
}

const { parseExpression } = (await import(new URL('analytic/expression.ts', processes).href)) as Expressions

test('AnalyticDiscipline evaluates its expressions', async () => {
  const run = (expressions: object, values: object = {}) =>
    outputsOf(pool, 'AnalyticDiscipline', { expressions, ...values })
  assert.deepEqual(await run({ y: '2*x**2' }, { x: 3 }), { y: 18 })
  assert.deepEqual(await run({ a: '-x^2 + y/4', b: 'sqrt(abs(x)) * cos(pi)' }, { x: -4, y: 2 }), { a: -15.5, b: -2 })
  assert.deepEqual(await run({ y: '2*x**2' }, { x: 3 }), { y: 18 })
  const problem = problemOf(await runOnce(pool, 'AnalyticDiscipline', { expressions: { y: '1/x' }, x: 0 }))
  assert.deepEqual([problem.code, problem.message.split(':')[0]], ['BAD_RESULT', 'y'])
})

test('expressions have the variables, the value and the derivatives of their text', () => {
  for (const text of [
    '2*x**2',
    'x*y - y/x + z**3',
    'exp(-x) * sin(y)**2 / (1 + z*z)',
    'x**y + pow(y, x) + 2**-z',
    'sqrt(x) + cbrt(y) + log(z) + log(z, x + 1) + log10(y)',
    'asin(x/9) + acos(y/9) + atan(z) + tan(x/9)',
    'sinh(x) + cosh(y) + tanh(z) + asinh(x) + acosh(y + 1) + atanh(z/9)',
    'abs(x - y) * E ** z + pi',
    '((x + 1) * (y + 2)) ^ 2 ^ 1 - -z',
  ]) {
    const { variables, evaluate, derive } = parseExpression(text)
    const at = { x: 1.3, y: 2.1, z: 0.7 }
    for (const variable of variables) {
      const h = 1e-6
      const value = at[variable as keyof typeof at]
      const [above, below] = [value + h, value - h].map((moved) => evaluate({ ...at, [variable]: moved }))
      const difference = (above! - below!) / (2 * h)
      const derivative = derive(variable)(at)
      assert.ok(Math.abs(derivative - difference) < 1e-6 * (1 + Math.abs(derivative)), `${text} by ${variable}`)
    }
  }
  assert.deepEqual(parseExpression('b*a + e + E').variables, ['b', 'a', 'e'])
  assert.equal(parseExpression('2*x').derive('other')({ x: 1 }), 0)
  assert.equal(parseExpression('2**3**2 - 2*3').evaluate({}), 506)
})

test('nothing but arithmetic is an expression', () => {
  const hostile = [
    'import("fs")',
    'f(x) = x',
    'x = 3',
    'x.constructor',
    'x.sin(2)',
    'x["constructor"]',
    'sin.constructor("return 1")()',
    'constructor',
    'toString + 1',
    '__proto__',
    'createUnit("knot")',
    'evaluate("1")',
    'parse("x")',
    'simplify("x")',
    'derivative("x^2", "x")',
    'config({})',
    'typed("x", {})',
    'sin',
    'sin(sin)',
    'sin()',
    'pow(x)',
    '"text"',
    '[1, 2]',
    '{a: 1}',
    '1:3',
    'x ? 1 : 2',
    'x > 1',
    'x and y',
    '5!',
    "x'",
    'x; y',
    'x\ny',
    '1e999',
    'NaN',
    'Infinity',
    'true',
    'null',
    'x % 2',
    'x .* y',
    '2 x to y',
    'ä + 1',
    '',
    '*',
    '(',
    '('.repeat(400) + 'x' + ')'.repeat(400),
    '-'.repeat(999) + 'x',
    Array(400).fill('x').join('^'),
    'sin('.repeat(40) + 'x' + ')'.repeat(40),
  ]
  for (const text of hostile) assert.throws(() => parseExpression(text), Error, text.slice(0, 40))
  assert.throws(() => parseExpression('import("fs")'), /there is no function "import"/)
  assert.throws(() => parseExpression('x + (2'), /expected \(char/)
})

test('Sellar1File reads a file, writes a tree of them, and fails on demand', async () => {
  const folder = folderWith({ 'shared.json': '{"x_shared": [5, 2]}', 'bad.json': '{"x_shared": [5]}', 'work/keep': '' })
  const workdir = join(folder, 'work')
  const inputs = { x_1: 1, y_2: 12, gamma: 0.2, x_shared_file: join(folder, 'shared.json'), pause: 0 }
  const outcome = await runOnce(pool, 'Sellar1File', inputs, {}, 20_000, { workdir })
  assert.ok(outcome.status === 'successful')
  const y_1 = Math.sqrt(25 + 2 + 1 - 0.2 * 12)
  assert.deepEqual(outcome.value, { y_1, y_1_file: 'output_file.json' })
  assert.deepEqual(JSON.parse(readFileSync(join(workdir, 'output_file.json'), 'utf8')), { y_1 })
  for (const file of ['file0.txt', 'data/file1.txt', 'data/sub_data/file2.txt', 'data/empty']) {
    assert.ok(existsSync(join(workdir, file)), file)
  }
  const failed = problemOf(await runOnce(pool, 'Sellar1File', { ...inputs, fail: 'as asked' }))
  assert.deepEqual([failed.code, failed.message], ['PROCESS_FAILED', 'as asked'])
  const bad = problemOf(await runOnce(pool, 'Sellar1File', { ...inputs, x_shared_file: join(folder, 'bad.json') }))
  assert.match(bad.message, /no array of two numbers/)
})
