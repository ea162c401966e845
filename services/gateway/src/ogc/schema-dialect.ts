/** Members of a schema that OGC API - Processes 1.0 knows: `schema.yaml`, a closed list taken from OpenAPI 3.0. */
const members = new Set(
  (
    'title description type format enum default example nullable readOnly writeOnly deprecated multipleOf maximum ' +
    'exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems ' +
    'maxProperties minProperties required not allOf oneOf anyOf items properties additionalProperties ' +
    'contentMediaType contentEncoding contentSchema'
  ).split(' '),
)

type Schema = Readonly<Record<string, unknown>>
type Definitions = Readonly<Record<string, unknown>>

const MAX_DEPTH = 32

/** JSON Schema 2020-12 → the dialect of the 1.0 process description. What has no equal there is left out. */
export function toOgcSchema(schema: unknown): Record<string, unknown> {
  const definitions = isSchema(schema) ? { ...asSchema(schema.definitions), ...asSchema(schema.$defs) } : {}
  return convert(schema, definitions, 0)
}

function convert(schema: unknown, definitions: Definitions, depth: number): Record<string, unknown> {
  if (schema === false) return { not: {} }
  // a recursive type cannot be written without references: beyond a depth, anything goes
  if (!isSchema(schema) || depth > MAX_DEPTH) return {}
  const inner = (part: unknown): Record<string, unknown> => convert(part, definitions, depth + 1)
  const { $ref, ...own } = schema
  if (typeof $ref === 'string') {
    const target = definitions[$ref.replace(/^#\/(\$defs|definitions)\//, '')]
    return Object.keys(own).length > 0 ? inner({ allOf: [target ?? {}], ...own }) : inner(target)
  }
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(schema)) {
    if (members.has(name)) result[name] = convertMember(name, value, inner)
  }
  if ('const' in schema) result.enum = [schema.const]
  if (Array.isArray(schema.examples) && schema.examples.length > 0) [result.example] = schema.examples
  if (Array.isArray(schema.prefixItems)) result.items = {}
  if (schema.contentEncoding === 'base64' && schema.format === undefined) result.format = 'byte'
  convertBound(result, 'exclusiveMinimum', 'minimum')
  convertBound(result, 'exclusiveMaximum', 'maximum')
  return convertTypes(result)
}

function convertMember(name: string, value: unknown, inner: (part: unknown) => unknown): unknown {
  if (['allOf', 'anyOf', 'oneOf'].includes(name) && Array.isArray(value)) return value.map(inner)
  if (['not', 'items', 'contentSchema'].includes(name)) return inner(value)
  if (name === 'additionalProperties') return typeof value === 'boolean' ? value : inner(value)
  if (name !== 'properties') return value
  return Object.fromEntries(Object.entries(asSchema(value)).map(([key, part]) => [key, inner(part)]))
}

/** A number in 2020-12, a flag beside the bound in OpenAPI 3.0. */
function convertBound(schema: Record<string, unknown>, exclusive: string, inclusive: string): void {
  if (typeof schema[exclusive] !== 'number') return
  schema[inclusive] = schema[exclusive]
  schema[exclusive] = true
}

function convertTypes(schema: Record<string, unknown>): Record<string, unknown> {
  const options = ['anyOf', 'oneOf'].find((name) => Array.isArray(schema[name]) && schema[name].some(isNull))
  if (options) {
    const left = (schema[options] as unknown[]).filter((part) => !isNull(part))
    const { [options]: _, ...rest } = schema
    return left.length === 1
      ? { ...(left[0] as Schema), ...rest, nullable: true }
      : { ...schema, [options]: left, nullable: true }
  }
  if (!Array.isArray(schema.type)) return schema
  const { type, ...rest } = schema as { type: string[] }
  // "number" contains "integer"; both together would make a `oneOf` that no integer fits
  const types = type.filter((name) => name !== 'null' && !(name === 'integer' && type.includes('number')))
  const nullable = type.includes('null') ? { nullable: true } : {}
  if (types.length === 1) return { ...rest, type: types[0], ...nullable }
  return { ...rest, oneOf: types.map((name) => ({ type: name })), ...nullable }
}

function isNull(part: unknown): boolean {
  return isSchema(part) && part.type === 'null'
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asSchema(value: unknown): Schema {
  return isSchema(value) ? value : {}
}
