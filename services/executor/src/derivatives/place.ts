import { mapValues, type Vectors } from './vectors.ts'

/** How far to go along a direction; 0 if it leads nowhere. See `relativeStep`. */
export function stepAlong(at: Vectors, direction: Vectors, relative: number): number {
  let most = 0
  let scale = 1
  for (const [name, vector] of Object.entries(direction)) {
    vector.forEach((v, index) => {
      if (v !== 0) scale = Math.max(scale, Math.abs(at[name]?.[index] as number))
      most = Math.max(most, Math.abs(v))
    })
  }
  return most === 0 ? 0 : (relative * scale) / most
}

/** Where one gets. Sums are rounded: how far that really is, says `reach`. */
export function move(from: Vectors, direction: Vectors, step: number): Vectors {
  const moved = mapValues(direction, (vector, name) =>
    vector.map((v, index) => (from[name]?.[index] as number) + step * v),
  )
  return { ...from, ...moved }
}

/** The step from one place to another, in multiples of the direction: what floating-point numbers made of it. */
export function reach(from: Vectors, to: Vectors, direction: Vectors): number {
  let covered = 0
  let square = 0
  for (const [name, vector] of Object.entries(direction)) {
    vector.forEach((v, index) => {
      covered += ((to[name]?.[index] as number) - (from[name]?.[index] as number)) * v
      square += v * v
    })
  }
  return covered / square
}
