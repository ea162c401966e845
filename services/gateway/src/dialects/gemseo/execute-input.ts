import { rawJson, type WarrenError } from '@warren/contracts'
import { z } from 'zod'
import type { Invalid } from './errors.ts'

/** GEMSEO's own; with `hybrid_`, what the author gives is taken, and the rest approximated. */
const linearizationModes = [
  'auto',
  'direct',
  'adjoint',
  'reverse',
  'complex_step',
  'finite_differences',
  'centered_differences',
  'hybrid_complex_step',
  'hybrid_finite_differences',
  'hybrid_centered_differences',
] as const
export type LinearizationMode = (typeof linearizationModes)[number]

const Names = z.array(z.string()).nullish()
const Members = z.record(z.string(), z.unknown())

/** What the execute route is sent; the client sends all of it, and the server needs none of it. */
const ExecuteInput = z.object({
  name: z.string().nullish(),
  discipline_options: Members.nullish(),
  input_data: z.union([Members, z.string()]).nullish(),
  input_files: z.array(z.object({ filename: z.string(), unique_filename: z.string() })).nullish(),
  linearize: z.boolean().nullish(),
  linearization_mode: z.enum(linearizationModes).nullish(),
  linearize_options: Members.nullish(),
  differentiated_inputs: Names,
  differentiated_outputs: Names,
})
export type ExecuteInput = z.infer<typeof ExecuteInput>

export interface ReadInput extends ExecuteInput {
  /** Name → JSON text, as it was written */
  readonly data: readonly [name: string, raw: string][]
  /** What the job document repeats, as it was written: JSON text of an object */
  readonly kept: string
}

/** Members that have a place of their own in the request. */
const placed = new Set(['input_data', 'input_files'])

/** @returns what is invalid where, in the words of FastAPI, if anything is */
export function readExecuteInput(body: string): ReadInput | readonly Invalid[] {
  const text = body.trim() === '' ? '{}' : body
  const value = parse(text)
  if (value === undefined) return [{ type: 'json_invalid', loc: ['body'], msg: 'JSON decode error', input: {} }]
  const parsed = ExecuteInput.safeParse(value)
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, code, message }) => {
      const loc = ['body', ...path.map((part) => (typeof part === 'number' ? part : String(part)))]
      return { type: code, loc, msg: message, input: path.reduce(memberOf, value) ?? null }
    })
  }
  const kept = rawJson.object(rawJson.members(text).filter(([name]) => !placed.has(name)))
  const data = dataOf(text, parsed.data.input_data)
  if (data) return { ...parsed.data, kept, data }
  return [{ type: 'json_invalid', loc: ['body', 'input_data'], msg: 'Invalid JSON', input: parsed.data.input_data }]
}

/** Data may come as an object, or as a string with the text of one. */
function dataOf(text: string, data: ExecuteInput['input_data']): [string, string][] | undefined {
  if (data === undefined || data === null) return []
  if (typeof data !== 'string') return rawJson.members(rawJson.member(text, 'input_data') as string)
  return Members.safeParse(parse(data)).success ? rawJson.members(data) : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function memberOf(value: unknown, name: PropertyKey): unknown {
  return (value as Record<PropertyKey, unknown> | undefined)?.[name]
}

/** What an executor finds wrong with the inputs, as FastAPI would say it. */
export function invalidOf(error: WarrenError): readonly Invalid[] {
  const { errors = [{ pointer: '', code: 'value_error', message: error.message, got: null }] } = error.details
  return errors.map(({ pointer, code, message, got = null }) => {
    const loc = ['body', ...pointer.split('/').slice(1)].map((part) => (part === 'inputs' ? 'input_data' : part))
    return { type: code, loc, msg: message, input: got }
  })
}
