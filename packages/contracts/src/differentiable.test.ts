import assert from 'node:assert/strict'
import { it } from 'node:test'
import { componentsOf, differentiable, isNative } from './differentiable.ts'

const number = { type: 'number' }
const pair = { type: 'array', items: number, minItems: 2, maxItems: 2 }

it('numbers can be derived, and arrays of them, however nested', () => {
  const schemas = {
    number,
    vector: { type: 'array', items: number },
    matrix: { type: 'array', items: pair },
    integer: { type: 'integer' },
    integers: { type: 'array', items: { type: 'integer' } },
    text: { type: 'string' },
    mixed: { type: ['number', 'null'] },
    record: { type: 'object', properties: { x: number } },
    list: { type: 'array' },
    anything: true,
    empty: {},
  }
  const parts = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, { schema }]))
  const inputs = { ...parts, tuning: { schema: number, option: true } }
  const names = ['number', 'vector', 'matrix']
  assert.deepEqual(differentiable({ inputs, outputs: parts }), { inputs: names, outputs: names })
})

it('sizes are what the schema says', () => {
  const matrix = { type: 'array', items: pair, minItems: 3, maxItems: 3 }
  assert.deepEqual([number, pair, matrix].map(componentsOf), [1, 2, 6])
  const open = [
    { type: 'array', items: number, maxItems: 2 },
    { type: 'array', items: pair },
  ]
  assert.deepEqual(open.map(componentsOf), [undefined, undefined])
})

it('products follow from the first derivatives that there are, second derivatives do not', () => {
  assert.equal(isNative('jacobian', { vjp: 'native' }), true)
  assert.equal(isNative('jvp', { jacobian: 'native' }), true)
  assert.equal(isNative('hvp', { jacobian: 'native', vjp: 'native' }), false)
  assert.equal(isNative('hvp', { hvp: 'native' }), true)
  assert.equal(isNative('jacobian', { hvp: 'native', complexStep: 'native' }), false)
  assert.equal(isNative('jacobian'), false)
})
