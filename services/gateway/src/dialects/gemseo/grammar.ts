import type { Variable } from './discipline.ts'

/**
 * The JSON Schema of variables. It has only members that GenSON, which the client reads it with, understands: types,
 * items, descriptions, and which are required.
 */
export function schemaOf(variables: readonly Variable[]): object {
  return {
    $schema: 'http://json-schema.org/schema#',
    type: 'object',
    properties: Object.fromEntries(variables.map((variable) => [variable.name, propertyOf(variable)])),
    required: variables.filter(({ isRequired }) => isRequired).map(({ name }) => name),
  }
}

function propertyOf({ kind, isVector, description }: Variable): object {
  const item = { type: kind === 'file' ? 'string' : kind }
  return { ...(isVector ? { type: 'array', items: item } : item), ...(description !== undefined && { description }) }
}
