import { brief, pointer, type Violation } from '@warren/contracts'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { admitNonFinite } from './non-finite.ts'

/** An instance keeps whatever it has compiled; schemas that follow from options come without end. */
const COMPILED_MOST = 500

let ajv = createAjv()
let compiled = 0

/**
 * Compiles a JSON Schema 2020-12.
 *
 * @param root JSON pointer of what is checked, inside the request or the result
 * @throws Error when it is no schema
 */
export function compileSchema(schema: object, root: string): (value: unknown) => Violation[] {
  if (compiled++ % COMPILED_MOST === COMPILED_MOST - 1) ajv = createAjv()
  const validate = ajv.compile(admitNonFinite(schema) as object)
  return (value) => {
    if (validate(value)) return []
    return (validate.errors ?? []).map((error) => violation(error, root))
  }
}

function createAjv(): Ajv2020 {
  const created = new Ajv2020({ allErrors: true, strict: false, verbose: true, addUsedSchema: false })
  formats.default(created)
  // paths of the working directory, or links: it is staging that looks at them
  created.addFormat('file', true)
  created.addFormat('folder', true)
  return created
}

function violation({ instancePath, keyword, params, schema, data, message }: ErrorObject, root: string): Violation {
  // these two name a member that is missing or too much: point at it, not at the object around it
  const member = (params['missingProperty'] ?? params['additionalProperty']) as string | undefined
  const missing = params['missingProperty'] !== undefined
  return {
    pointer: `${root}${instancePath}${member === undefined ? '' : pointer([member])}`,
    code: keyword,
    message: message ?? `does not fit "${keyword}"`,
    expected: expectation(keyword, params, schema),
    got: missing
      ? 'nothing'
      : brief(keyword === 'additionalProperties' ? (data as Record<string, unknown>)[member ?? ''] : data),
  }
}

function expectation(keyword: string, params: Record<string, unknown>, schema: unknown): unknown {
  if (keyword === 'required') return 'a value'
  if (keyword === 'additionalProperties') return 'nothing of this name'
  if (keyword === 'enum') return params['allowedValues']
  if (keyword === 'type') return params['type']
  return typeof schema === 'object' ? (params['limit'] ?? keyword) : schema
}
