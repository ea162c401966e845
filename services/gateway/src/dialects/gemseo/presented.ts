import type { Variable } from './discipline.ts'
import { asFloats } from './floats.ts'

/** JSON text of a value as clients get it: numbers in a list, be it of one, and those of type `number` as floats. */
export function presented({ kind, isVector }: Pick<Variable, 'kind' | 'isVector'>, raw: string): string {
  const text = kind === 'number' ? numbers(raw) : raw
  return isVector && !text.startsWith('[') ? `[${text}]` : text
}

/** Floats; and those that JSON has no numbers for bare, as Python reads and writes them. */
export function numbers(raw: string): string {
  return asFloats(raw.replaceAll(/"(-?Infinity|NaN)"/g, '$1'))
}
