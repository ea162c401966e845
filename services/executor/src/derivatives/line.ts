import { badStep } from './refusal.ts'
import { move, reach, stepAlong } from './place.ts'
import type { Ask, Plan } from './plan.ts'
import { badResult, mapValues, type Values, type Vectors } from './vectors.ts'

/** Where values are taken: at the place of the run and beyond it, or on both sides. */
export type Scheme = 'forward' | 'centered'

/**
 * Relative steps, for which the error of the difference and that of rounding are about the same: the square and cube
 * root of the machine epsilon, and for second differences the cube and fourth root. A component x moves by the relative
 * step times max(|x|, 1). Along a direction, the component that moves most moves by the relative step times max(|x|, 1),
 * where |x| is the largest of those that move. Divided is by the step that the floating-point numbers have taken.
 */
export const relativeStep = {
  first: { forward: Number.EPSILON ** (1 / 2), centered: Number.EPSILON ** (1 / 3) },
  second: { forward: Number.EPSILON ** (1 / 3), centered: Number.EPSILON ** (1 / 4) },
} as const

/** Two places, and the step between them in multiples of a direction. */
export interface Line {
  readonly low: Vectors
  readonly high: Vectors
  readonly width: number
}

/** @throws WarrenError BAD_INPUT when the step is lost in rounding */
export function lineThrough(at: Vectors, direction: Vectors, relative: number, scheme: Scheme): Line {
  const step = stepAlong(at, direction, relative)
  if (step === 0) return { low: at, high: at, width: 1 }
  const low = scheme === 'centered' ? move(at, direction, -step) : at
  const high = move(at, direction, step)
  const width = reach(low, high, direction)
  if (width === 0) throw badStep(relative)
  return { low, high, width }
}

/** Lines through one place, one for each thing to derive by. */
export interface Lines {
  readonly count: number
  /** Cheap to ask for again */
  at(index: number): Line
  nameOf(index: number): string
  readonly scheme: Scheme
  /** What the runs at the ends are asked for in place of the outputs */
  readonly ask?: Ask
  /** The numbers in what such a run gives */
  read(values: Values): Vectors
}

/** The differences along each of the lines. The run itself is the lower end of a forward difference of its outputs. */
export function slopesAlong({ count, at, nameOf, scheme, ask, read }: Lines): Plan<Record<string, number[]>[]> {
  const each = scheme === 'forward' && !ask ? 1 : 2
  return {
    probes: () => ({
      count: count * each,
      at: (index) => {
        const line = Math.floor(index / each)
        const { low, high } = at(line)
        const place = index % each === each - 1 ? high : low
        return { name: nameOf(line), place, ...(ask && { ask }) }
      },
    }),
    assemble: (outputs, answers) =>
      Array.from({ length: count }, (_, index) => {
        const low = each === 1 ? outputs : (answers[2 * index] as Values)
        const high = answers[each * (index + 1) - 1] as Values
        return slope(read(low), read(high), at(index).width)
      }),
  }
}

/** The same along one line, through the place in a direction that was asked for. */
export function slopeAlong(line: Line, how: Pick<Lines, 'scheme' | 'ask' | 'read'>): Plan<Vectors> {
  const slopes = slopesAlong({ count: 1, at: () => line, nameOf: () => 'the direction', ...how })
  return { ...slopes, assemble: (outputs, answers) => slopes.assemble(outputs, answers)[0] as Vectors }
}

function slope(low: Vectors, high: Vectors, width: number): Record<string, number[]> {
  return mapValues(high, (values, name) => {
    const before = low[name] ?? []
    if (before.length === values.length)
      return values.map((value, index) => (value - (before[index] as number)) / width)
    throw badResult(`/outputs/${name}`, `has ${before.length} numbers at one place and ${values.length} nearby`)
  })
}
