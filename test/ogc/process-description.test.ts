import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'

const stack = await startStack()
after(() => stack.close())
const http = await createHttp(stack.url)

type Schema = Record<string, unknown>
interface Process {
  readonly inputs: Record<string, { schema: Schema; minOccurs: number; maxOccurs: number | 'unbounded' }>
  readonly outputs: Record<string, { schema: Schema }>
  readonly jobControlOptions: readonly string[]
  readonly outputTransmission: readonly string[]
}

/** What `schema.yaml` of 1.0 knows; anything else makes a strict client refuse the document. */
const known = new Set(
  (
    'title multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems ' +
    'uniqueItems maxProperties minProperties required enum type not allOf oneOf anyOf items properties ' +
    'additionalProperties description format default nullable readOnly writeOnly example deprecated contentMediaType ' +
    'contentEncoding contentSchema'
  ).split(' '),
)

async function describeAll(): Promise<Process[]> {
  const { processes } = (await http('/processes?limit=1000')).json<{ processes: { id: string }[] }>()
  return Promise.all(processes.map(async ({ id }) => (await http(`/processes/${id}`)).json<Process>()))
}

describe('req/ogc-process-description', () => {
  it('json-encoding', async () => {
    const options = new Set(['sync-execute', 'async-execute', 'dismiss'])
    for (const { jobControlOptions, outputTransmission } of await describeAll()) {
      assert.ok(jobControlOptions.every((option) => options.has(option)))
      assert.ok(outputTransmission.every((mode) => ['value', 'reference'].includes(mode)))
    }
  })

  it('inputs-def, input-def, outputs-def, output-def', async () => {
    for (const { inputs, outputs } of await describeAll()) {
      for (const { schema, minOccurs, maxOccurs } of Object.values(inputs)) {
        assertDialect(schema)
        assert.ok(minOccurs >= 0 && (maxOccurs === 'unbounded' || maxOccurs >= 1))
      }
      for (const { schema } of Object.values(outputs)) assertDialect(schema)
    }
  })

  it('echo is as forgiving as test suites need it', async () => {
    const { inputs, outputs } = (await http('/processes/echo')).json<Process>()
    const [first, ...others] = Object.entries(inputs)
    assert.equal(first?.[1].schema.type, 'string')
    assert.ok(outputs[first[0]], 'an output of the same id')
    for (const [name, { minOccurs }] of others) assert.equal(minOccurs, 0, name)
  })
})

function assertDialect(schema: Schema): void {
  for (const name of Object.keys(schema)) assert.ok(known.has(name), `${name} is no member of a 1.0 schema`)
  assert.ok(schema.type === undefined || typeof schema.type === 'string')
  for (const name of ['exclusiveMinimum', 'exclusiveMaximum']) assert.notEqual(typeof schema[name], 'number')
  for (const name of ['items', 'not', 'additionalProperties']) {
    if (typeof schema[name] === 'object') assertDialect(schema[name] as Schema)
  }
  for (const name of ['allOf', 'anyOf', 'oneOf'])
    for (const part of (schema[name] ?? []) as Schema[]) assertDialect(part)
  for (const part of Object.values((schema.properties ?? {}) as Record<string, Schema>)) assertDialect(part)
}
