import { pointer } from '@warren/contracts'
import { badResult } from './vectors.ts'

/**
 * Nested objects and arrays of numbers as JSON text. Each number is a float in every language that reads it: `1.0`.
 *
 * @throws WarrenError BAD_RESULT with the place of what is no finite number
 */
export function printNumbers(value: unknown, path: readonly PropertyKey[] = []): string {
  if (typeof value === 'number') return printNumber(value, path)
  if (Array.isArray(value)) return `[${value.map((item, index) => printNumbers(item, [...path, index])).join(',')}]`
  const members = Object.entries(value as object).map(
    ([name, inner]) => `${JSON.stringify(name)}:${printNumbers(inner, [...path, name])}`,
  )
  return `{${members.join(',')}}`
}

function printNumber(value: number, path: readonly PropertyKey[]): string {
  if (!Number.isFinite(value)) throw badResult(pointer(path), `is ${value}`)
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
