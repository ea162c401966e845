import { WarrenError } from '@warren/contracts'

/** Flat values by the names of inputs or outputs; matrices row by row. */
export type Vectors = Readonly<Record<string, readonly number[]>>

/** How many numbers an input or output has. */
export type Sizes = Readonly<Record<string, number>>

/** Outputs of a run, by name. */
export type Values = Readonly<Record<string, unknown>>

/** The numbers of a value: of a number, of an array, of nested arrays row by row. Undefined if something else is in it. */
export function flatten(value: unknown): number[] | undefined {
  if (typeof value === 'number') return [value]
  if (!Array.isArray(value)) return undefined
  if (value.every((item) => typeof item === 'number')) return value
  const parts = value.map(flatten)
  return parts.some((part) => part === undefined) ? undefined : (parts.flat() as number[])
}

/** Nested as `like` is. */
export function reshape(like: unknown, flat: readonly number[]): unknown {
  let at = 0
  const fill = (shape: unknown): unknown => (Array.isArray(shape) ? shape.map(fill) : flat[at++])
  return fill(like)
}

/** These outputs as vectors. @throws WarrenError BAD_RESULT */
export function vectorsOf(values: Values, names: readonly string[], path = '/outputs'): Vectors {
  return mapNames(names, (name) => {
    const numbers = flatten(values[name])
    if (numbers) return numbers
    throw badResult(`${path}/${name}`, 'is not made of numbers alone')
  })
}

/** A value that somebody computed for this many numbers. @throws WarrenError BAD_RESULT */
export function numbersAt(values: Values, name: string, size: number, path: string): readonly number[] {
  const numbers = flatten(values[name])
  if (numbers?.length === size) return numbers
  throw badResult(`${path}/${name}`, `is not made of ${size} numbers`)
}

export function sizesOf(vectors: Vectors): Sizes {
  return mapValues(vectors, ({ length }) => length)
}

export function badResult(pointer: string, message: string): WarrenError {
  return new WarrenError('BAD_RESULT', `${pointer} ${message}`, { errors: [{ pointer, code: 'derive', message }] })
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] as number), 0)
}

/** The unit vector of one component. */
export function unit(size: number, index: number): number[] {
  const vector = Array.from({ length: size }, () => 0)
  vector[index] = 1
  return vector
}

export function pick(vectors: Vectors, names: readonly string[]): Vectors {
  return mapNames(names, (name) => vectors[name] ?? [])
}

export function mapNames<T>(names: readonly string[], map: (name: string) => T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, map(name)]))
}

export function mapValues<T, U>(
  object: Readonly<Record<string, T>>,
  map: (value: T, name: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]))
}
