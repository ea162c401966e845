// What a discipline may have, what it may not, and one that its options make.

import { defineParametricProcess, defineProcess } from '@warren/worker'

const number = { type: 'number' }
const shared = { version: '1.0.0', description: '' }

export const Kinds = defineProcess({
  ...shared,
  id: 'Kinds',
  title: 'One of each kind',
  inputs: {
    x: { title: 'A vector', schema: { type: 'array', items: number, default: [1, 0.5, 1e21] } },
    a: { schema: { ...number, default: 1 } },
    n: { schema: { type: 'integer', default: 2 } },
    word: { schema: { type: 'string', default: '1 and 2' } },
    mesh: { schema: { type: 'string', format: 'file' } },
    note: { schema: { type: 'string' }, minOccurs: 0 },
    verbose: { schema: { type: 'boolean', default: false } },
  },
  outputs: {
    y: { schema: number },
    counts: { schema: { type: 'array', items: { type: 'integer' } } },
    report: { schema: { type: 'string', format: 'file' } },
  },
  run: () => ({ y: 1, counts: [1], report: 'report.txt' }),
})

export const Nested = defineProcess({
  ...shared,
  id: 'Nested',
  title: 'What has no place in a flat list',
  inputs: { matrix: { schema: { type: 'array', items: { type: 'array', items: number } } } },
  outputs: { ok: { schema: number } },
  run: () => ({ ok: 1 }),
})

export const Sum = defineParametricProcess({
  ...shared,
  id: 'Sum',
  title: 'Adds what its option names',
  inputs: { terms: { option: true, schema: { type: 'array', items: { type: 'string' }, default: ['a', 'b'] } } },
  grammar: ({ terms }) => ({
    inputs: Object.fromEntries(terms.map((name) => [name, { schema: { ...number, default: 0 } }])),
    outputs: { sum: { schema: number } },
  }),
  run: ({ terms, ...values }) => ({ sum: terms.reduce((sum, name) => sum + values[name], 0) }),
})
