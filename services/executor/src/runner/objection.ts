import type { ProcessDeclaration } from '@warren/worker'
import type { Described } from './described.ts'

const idPattern = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/
const versionPattern = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/

type Unchecked<T> = { readonly [K in keyof T]?: unknown }

/** Why a declaration cannot be accepted beside `others`, or undefined. A host of another language may send anything. */
export function objection(
  declaration: Unchecked<ProcessDeclaration>,
  others: readonly Described[],
): string | undefined {
  const { id, version, title, description, inputs, outputs, derivatives = {} } = declaration
  if (typeof id !== 'string' || !idPattern.test(id))
    return `the id ${JSON.stringify(id)} does not match ${idPattern.source}`
  if (typeof version !== 'string' || !versionPattern.test(version))
    return `${id}: the version is not a semantic version`
  if (typeof title !== 'string' || typeof description !== 'string') return `${id}: title and description are needed`
  if (!isGrammar(inputs)) return `${id}: inputs must be an object of { schema }`
  if (!isGrammar(outputs)) return `${id}: outputs must be an object of { schema }`
  if (!isObject(derivatives) || Object.values(derivatives).some((one) => one !== 'native'))
    return `${id}: derivatives can only be "native"`
  const twin = others.find((other) => other.declaration.id === id)
  return twin && `the id ${id} is taken by ${twin.folder}`
}

function isGrammar(value: unknown) {
  return isObject(value) && Object.values(value).every((one) => isObject(one) && isObject(one['schema']))
}

function isObject(value: unknown): value is { [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
