import { unit, type Values, type Vectors } from './vectors.ts'

/** One number of an input or output. */
export interface Component {
  readonly owner: string
  readonly index: number
  /** As errors name it: `x[3]`, and `x` where the value is a number */
  readonly name: string
  /** 1 at this number, 0 at the others of the same value */
  direction(): Record<string, number[]>
}

/** The components of these values, in order. */
export function componentsOfAll(names: readonly string[], vectors: Vectors, values: Values): Component[] {
  return names.flatMap((owner) =>
    (vectors[owner] ?? []).map((_, index, { length }) => ({
      owner,
      index,
      name: Array.isArray(values[owner]) ? `${owner}[${index}]` : owner,
      direction: () => ({ [owner]: unit(length, index) }),
    })),
  )
}
