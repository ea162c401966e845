import assert from 'node:assert/strict'
import { it } from 'node:test'
import { WarrenError, type ProcessDescription } from '@warren/contracts'
import { compileGrammar } from './grammar.ts'
import { withOptions, type Describe } from './parametric.ts'

const number = { schema: { type: 'number' } }
const size = { option: true, schema: { type: 'integer', minimum: 1, default: 2 } }
const plain: ProcessDescription = {
  id: 'p',
  version: '1.0.0',
  title: '',
  description: '',
  digest: '',
  jobControlOptions: ['sync-execute'],
  inputs: { size },
  outputs: {},
}
const parametric = { ...plain, parametric: true }

/** Inputs `x1`, `x2`, … as many as `size` says */
function describer(): { describe: Describe; asked: string[] } {
  const asked: string[] = []
  const describe: Describe = async (options) => {
    asked.push(options)
    const { size: count } = JSON.parse(options) as { size: number }
    if (count === 13) {
      throw new WarrenError('BAD_INPUT', '', { errors: [{ pointer: '/size', code: 'option', message: 'unlucky' }] })
    }
    const names = Array.from({ length: count }, (_, index) => `x${index + 1}`)
    return { ...parametric, inputs: { size, ...Object.fromEntries(names.map((name) => [name, number])) } }
  }
  return { describe, asked }
}

function forOptions(describe: Describe) {
  const grammar = withOptions(compileGrammar(parametric), describe)
  return grammar.forOptions as NonNullable<typeof grammar.forOptions>
}

async function pointersOf(work: Promise<unknown>): Promise<(string | undefined)[]> {
  const error = await work.then(
    () => undefined,
    (error: WarrenError) => error,
  )
  assert.equal(error?.code, 'BAD_INPUT')
  return (error?.details.errors ?? []).map(({ pointer }) => pointer)
}

it('leaves a process alone that is not parametric', () => {
  const grammar = compileGrammar(plain)
  assert.equal(
    withOptions(grammar, () => assert.fail()),
    grammar,
  )
})

it('asks once for each set of options, and fills in their defaults', async () => {
  const { describe, asked } = describer()
  const grammarOf = forOptions(describe)
  const three = { size: 3, x1: 1, x2: 1, x3: 1 }
  const [grammar, again, standard] = await Promise.all([
    grammarOf(three, '/inputs'),
    grammarOf({ size: { value: 3 } }, '/inputs'),
    grammarOf({ x1: 1 }, '/inputs'),
  ])
  assert.equal(grammar, again)
  assert.deepEqual(asked, ['{"size":3}', '{"size":2}'])
  assert.deepEqual(grammar.checkInputs(three), [])
  assert.deepEqual(
    standard.checkInputs(three).map(({ pointer }) => pointer),
    ['/inputs/x3'],
  )
})

it('says where an option is wrong, in the terms of the request, and asks again after that', async () => {
  const { describe, asked } = describer()
  const grammarOf = forOptions(describe)
  assert.deepEqual(await pointersOf(grammarOf({ size: 0 }, '/inputs')), ['/inputs/size'])
  assert.deepEqual(asked, [], 'the process is not asked about what does not fit its schema')
  assert.deepEqual(await pointersOf(grammarOf({ size: 13 }, '/inputs')), ['/inputs/size'])
  assert.deepEqual(await pointersOf(grammarOf({ size: 13 }, '/options')), ['/options/size'])
  assert.equal(asked.length, 2)
})

it('remembers the options that were used last, and no more than a hundred', async () => {
  const { describe, asked } = describer()
  const grammarOf = forOptions(describe)
  const sizes = Array.from({ length: 101 }, (_, index) => index + 20)
  for (const size of sizes) await grammarOf({ size }, '/inputs')
  await grammarOf({ size: 120 }, '/inputs')
  await grammarOf({ size: 21 }, '/inputs')
  assert.equal(asked.length, 101)
  await grammarOf({ size: 20 }, '/inputs')
  assert.equal(asked.length, 102)
})

it('refuses a grammar whose schemas are none', async () => {
  const grammarOf = forOptions(async () => ({ ...parametric, inputs: { x: { schema: { type: 'nothing' } } } }))
  await assert.rejects(grammarOf({}, '/inputs'), { code: 'BAD_RESULT' })
})
