import type { JsonSchema, OutputDeclaration } from './declaration.ts'
import { RunFailure } from './failure.ts'

/** Outputs that are JSON text already, to be passed on as they stand. */
export class RawOutputs {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Declared = { readonly [name: string]: OutputDeclaration }

/** The outputs as JSON text. Throws BAD_RESULT, with the path of what cannot be carried. */
export function encodeOutputs(outputs: unknown, declared: Declared): string {
  if (outputs instanceof RawOutputs) return outputs.text
  if (typeof outputs !== 'object' || outputs === null) throw bad('outputs', `expected an object, got ${kind(outputs)}`)
  const given = outputs as { [name: string]: unknown }
  const checked: { [name: string]: unknown } = {}
  for (const name in declared) {
    if (given[name] === undefined) throw bad(name, 'the declared output is missing')
    checked[name] = check(given[name], declared[name]!.schema, name, [])
  }
  for (const name in given) if (!Object.hasOwn(declared, name)) throw bad(name, 'no such output is declared')
  return JSON.stringify(checked)
}

/** The text of -0, which JSON has and JSON.stringify prints as 0. */
const negativeZero = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('-0')

/** A state as JSON text that gives back the same numbers. Throws BAD_RESULT, with the path of what cannot be carried. */
export function encodeState(state: unknown, path = 'state'): string {
  const checked = check(state, undefined, path, [])
  return JSON.stringify(checked, (_, value: unknown) => (Object.is(value, -0) ? negativeZero : value))
}

/** The value with everything replaced that JSON has another form for; JSON.stringify alone would lose it in silence. */
function check(value: unknown, schema: JsonSchema | undefined, path: string, above: unknown[]): unknown {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value
    if (schema?.['warren:nonFinite'] === true) return String(value)
    throw bad(path, `${value} is not a JSON number; the schema may allow it with "warren:nonFinite": true`)
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value !== 'object') throw bad(path, `${kind(value)} has no JSON form`)
  if (above.includes(value)) throw bad(path, 'the value contains itself')
  if ('toJSON' in value && typeof value.toJSON === 'function') return value.toJSON()
  above.push(value)
  const copy = ArrayBuffer.isView(value)
    ? checkArray(Array.from(value as Float64Array), schema, path, above)
    : Array.isArray(value)
      ? checkArray(value, schema, path, above)
      : checkObject(value, schema, path, above)
  above.pop()
  return copy
}

function checkArray(values: unknown[], schema: JsonSchema | undefined, path: string, above: unknown[]) {
  const prefix = schema?.['prefixItems'] as JsonSchema[] | undefined
  const items = schema?.['items'] as JsonSchema | undefined
  return values.map((value, index) => check(value, prefix?.[index] ?? items, `${path}[${index}]`, above))
}

function checkObject(value: object, schema: JsonSchema | undefined, path: string, above: unknown[]) {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (value instanceof Map || value instanceof Set || value instanceof Promise) {
    throw bad(path, `a ${(prototype as object).constructor.name} has no JSON form`)
  }
  const properties = schema?.['properties'] as { [name: string]: JsonSchema } | undefined
  const copy: { [name: string]: unknown } = {}
  for (const [name, inner] of Object.entries(value)) {
    if (inner !== undefined) copy[name] = check(inner, properties?.[name], `${path}.${name}`, above)
  }
  return copy
}

function kind(value: unknown) {
  return value === null ? 'null' : value === undefined ? 'undefined' : `a ${typeof value}`
}

function bad(path: string, message: string) {
  return new RunFailure({ code: 'BAD_RESULT', message: `${path}: ${message}` })
}
