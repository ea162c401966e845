/** A point of a problem: minimise `value` while `constraint` is not above 0; gradients of both. */
export interface Evaluation {
  readonly value: number
  readonly constraint: number
  readonly gradient: readonly number[]
  readonly slope: readonly number[]
}

export interface Bounds {
  readonly lower: readonly number[]
  readonly upper: readonly number[]
}

/**
 * Sequential linear programming with move limits: at each point the problem is made linear, solved, and gone to. Where
 * as many bounds and constraints hold as there are variables, as in the problem of Sellar, it converges like Newton's.
 */
export async function minimise(
  evaluate: (x: readonly number[]) => Promise<Evaluation>,
  start: readonly number[],
  { lower, upper }: Bounds,
): Promise<{ x: readonly number[]; value: number; iterations: number }> {
  let x = [...start]
  let move = 2
  for (let iterations = 1; ; iterations++) {
    const { value, constraint, gradient, slope } = await evaluate(x)
    const low = x.map((at, n) => Math.max((lower[n] as number) - at, -move))
    const high = x.map((at, n) => Math.min((upper[n] as number) - at, move))
    const step = solveLinear(gradient, slope, -constraint, low, high)
    if (Math.max(...step.map(Math.abs)) < 1e-6 || iterations === 40) return { x, value, iterations }
    x = x.map((at, n) => at + (step[n] as number))
    move *= 0.9
  }
}

/** The step within the bounds that lowers g·d most while a·d ≤ b; or, where there is none, the nearest to that. */
function solveLinear(
  g: readonly number[],
  a: readonly number[],
  b: number,
  low: readonly number[],
  high: readonly number[],
): number[] {
  const best = g.map((slope, n) => (slope > 0 ? low[n] : high[n]) as number)
  let excess = best.reduce((sum, d, n) => sum + d * (a[n] as number), 0) - b
  // what costs least for what it brings comes first
  const order = g.map((slope, n) => ({ n, price: Math.abs(slope) / Math.abs(a[n] as number) }))
  for (const { n } of order.toSorted((one, other) => one.price - other.price)) {
    const weight = a[n] as number
    if (excess <= 0 || weight === 0) continue
    const far = (weight > 0 ? low[n] : high[n]) as number
    const change = Math.min(excess, Math.abs(((best[n] as number) - far) * weight))
    best[n] = (best[n] as number) - change / weight
    excess -= change
  }
  return best
}
