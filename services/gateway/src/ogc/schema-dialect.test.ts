import assert from 'node:assert/strict'
import { it } from 'node:test'
import { toOgcSchema } from './schema-dialect.ts'

it('turns JSON Schema 2020-12 into the dialect of OGC API - Processes 1.0', () => {
  const cases: [unknown, unknown][] = [
    [true, {}],
    [false, { not: {} }],
    [{ const: 1, $comment: 'x' }, { enum: [1] }],
    [
      { type: ['number', 'null'], exclusiveMinimum: 0 },
      { type: 'number', nullable: true, minimum: 0, exclusiveMinimum: true },
    ],
    [{ type: ['number', 'integer'] }, { type: 'number' }],
    [{ type: ['string', 'number'] }, { oneOf: [{ type: 'string' }, { type: 'number' }] }],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, { type: 'string', nullable: true }],
    [{ examples: [3, 4], if: {} }, { example: 3 }],
    [
      { type: 'array', prefixItems: [{}], minItems: 1 },
      { type: 'array', items: {}, minItems: 1 },
    ],
    [
      { $defs: { a: { type: 'string' } }, properties: { b: { $ref: '#/$defs/a' } } },
      { properties: { b: { type: 'string' } } },
    ],
    [
      { type: 'object', patternProperties: {}, additionalProperties: { const: 1 } },
      { type: 'object', additionalProperties: { enum: [1] } },
    ],
  ]
  for (const [from, to] of cases) assert.deepEqual(toOgcSchema(from), to)
})

it('ends on recursive schemas', () => {
  assert.ok(toOgcSchema({ $defs: { tree: { items: { $ref: '#/$defs/tree' } } }, $ref: '#/$defs/tree' }))
})
