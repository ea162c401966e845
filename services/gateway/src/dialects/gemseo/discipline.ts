import type { ProcessDescription } from '@warren/contracts'

/** What a variable is made of; a file is passed by its name in the working directory. */
export type Kind = 'number' | 'integer' | 'string' | 'file'

/** An input or output that this API can express: a value of the kind, or a flat list of such. */
export interface Variable {
  readonly name: string
  readonly kind: Kind
  readonly isList: boolean
  /** What clients see: to GEMSEO every number is an array, be it of one */
  readonly isVector: boolean
  readonly description: string | undefined
  /** Absent where there is none */
  readonly default?: unknown
  /** The value is there, if only by default. */
  readonly isRequired: boolean
}

/** A process as this API sees it. */
export interface Discipline {
  readonly name: string
  readonly process: ProcessDescription
  readonly inputs: readonly Variable[]
  readonly outputs: readonly Variable[]
}

type Declared = ProcessDescription['inputs'][string]

/**
 * Undefined when the process needs or gives what this API cannot express: booleans, objects, nested lists. Inputs of
 * that kind that may be left out are left out.
 */
export function disciplineOf(process: ProcessDescription): Discipline | undefined {
  const asked = Object.entries(process.inputs).filter(([, { option }]) => !option)
  const inputs = asked.map(variableOf).filter((input) => input !== undefined)
  const outputs = Object.entries(process.outputs)
    .map(variableOf)
    .filter((output) => output !== undefined)
  const isWhole = asked.every(([name, input]) => isOptional(input) || inputs.some((known) => known.name === name))
  if (!isWhole || outputs.length < Object.keys(process.outputs).length) return undefined
  return { name: process.id, process, inputs, outputs }
}

function variableOf([name, declared]: [string, Declared]): Variable | undefined {
  const { schema, title, description = title, minOccurs = 1, maxOccurs = 1 } = declared
  if (typeof schema !== 'object' || maxOccurs !== 1) return undefined
  const isList = schema['type'] === 'array'
  const kind = kindOf(isList ? schema['items'] : schema)
  if (kind === undefined || (isList && kind === 'file')) return undefined
  return {
    name,
    kind,
    isList,
    isVector: isList || isNumeric(kind),
    description,
    ...('default' in schema && { default: schema['default'] }),
    isRequired: 'default' in schema || minOccurs > 0,
  }
}

function isNumeric(kind: Kind): boolean {
  return kind === 'number' || kind === 'integer'
}

function isOptional({ schema, minOccurs = 1 }: Declared): boolean {
  return minOccurs === 0 || (typeof schema === 'object' && 'default' in schema)
}

function kindOf(schema: unknown): Kind | undefined {
  const { type, format } = (schema ?? {}) as { type?: unknown; format?: unknown }
  if (type === 'number' || type === 'integer') return type
  if (type === 'string') return format === 'file' ? 'file' : 'string'
  return undefined
}
