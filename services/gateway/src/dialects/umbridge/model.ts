import { differentiable, type ProcessDescription } from '@warren/contracts'
import { invalidInput } from './error.ts'

/** An input or an output as UM-Bridge has it: everything is a vector, also a number. */
export interface Vector {
  readonly name: string
  readonly size: number
  readonly isNumber: boolean
}

/** A process under a configuration. */
export interface Model {
  /** In the order in which the process declares them. */
  readonly inputs: readonly Vector[]
  readonly outputs: readonly Vector[]
  /** Inputs that the configuration gives, and which are no vectors therefore. */
  readonly given: Readonly<Record<string, unknown>>
}

export type Feature = 'Evaluate' | 'Gradient' | 'ApplyJacobian' | 'ApplyHessian'

type Input = ProcessDescription['inputs'][string]
type Part = Pick<Input, 'schema' | 'maxOccurs' | 'option'>

/** Whether all that a process needs and gives are numbers, and vectors whose size is known. */
export function isModel({ inputs, outputs }: ProcessDescription): boolean {
  const ins = Object.values(inputs)
  const outs = Object.values(outputs)
  return ins.some(fits) && ins.every((input) => fits(input) || isOptional(input)) && outs.length > 0 && outs.every(fits)
}

/**
 * The vectors of a model. A member of `config` is the value of the input that it names, which then is no vector; or,
 * where a vector has no fixed length and the member is an integer, its length.
 *
 * @throws UmbridgeError InvalidInput
 */
export function configure(process: ProcessDescription, config: Readonly<Record<string, unknown>>): Model {
  const unknown = Object.keys(config).find((name) => !Object.hasOwn(process.inputs, name))
  if (unknown !== undefined) throw invalidInput(`config names "${unknown}", which is no input of ${process.id}!`)
  const inputs: Vector[] = []
  const given: Record<string, unknown> = {}
  for (const [name, input] of Object.entries(process.inputs)) {
    const value = config[name]
    const size = value === undefined ? sizeOf(input) : lengthOf(name, input, value)
    if (size !== undefined) inputs.push({ name, size, isNumber: isNumber(input.schema) })
    else if (value !== undefined) given[name] = value
  }
  const outputs = Object.entries(process.outputs).map(([name, output]) => {
    return { name, size: sizeOf(output) as number, isNumber: isNumber(output.schema) }
  })
  return { inputs, outputs, given }
}

/** Whatever has derivatives has all of them: those that its author does not give are differences of runs. */
export function supportOf(process: ProcessDescription): Record<Feature, boolean> {
  const { inputs, outputs } = differentiable(process)
  const vectors = configure(process, {}).inputs
  const smooth = outputs.length > 0 && vectors.some(({ name }) => inputs.includes(name))
  return { Evaluate: true, Gradient: smooth, ApplyJacobian: smooth, ApplyHessian: smooth }
}

function fits(part: Part): boolean {
  return sizeOf(part) !== undefined
}

/** A number has size 1; an array of numbers the only length that it can have, else that of its default. */
function sizeOf({ schema, maxOccurs = 1, option = false }: Part): number | undefined {
  if (option || maxOccurs !== 1) return undefined
  if (isNumber(schema)) return 1
  if (!isVector(schema)) return undefined
  const { minItems, maxItems, default: usual } = schema
  if (typeof minItems === 'number' && minItems === maxItems) return minItems
  return Array.isArray(usual) ? usual.length : undefined
}

/** The length of an array where that is what an integer says: it cannot be the value of one. */
function lengthOf(name: string, { schema, option = false }: Part, value: unknown): number | undefined {
  if (option || !isVector(schema) || typeof value !== 'number') return undefined
  const { minItems = 1, maxItems = Infinity } = schema as { minItems?: number; maxItems?: number }
  if (Number.isInteger(value) && minItems <= value && value <= maxItems) return value
  throw invalidInput(`config gives ${name} the length ${value}! Expected an integer from ${minItems} to ${maxItems}.`)
}

function isVector(schema: unknown): schema is Readonly<Record<string, unknown>> {
  return isSchema(schema) && schema.type === 'array' && isNumber(schema.items)
}

function isNumber(schema: unknown): boolean {
  return isSchema(schema) && (schema.type === 'number' || schema.type === 'integer')
}

function isSchema(schema: unknown): schema is Readonly<Record<string, unknown>> {
  return typeof schema === 'object' && schema !== null
}

function isOptional({ schema, minOccurs }: Input): boolean {
  return minOccurs === 0 || (isSchema(schema) && 'default' in schema)
}
