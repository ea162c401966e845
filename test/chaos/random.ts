/** Chance that can be repeated: the same seed gives the same numbers. */
export interface Random {
  /** 0 ≤ x < 1 */
  next(): number
  between(from: number, to: number): number
  pick<T>(from: readonly T[]): T
  /** True in so many of all cases. */
  chance(share: number): boolean
  shuffle<T>(all: readonly T[]): T[]
  /** Another source, so that what one part draws does not change what another one gets. */
  fork(name: string): Random
}

/** Mulberry32: 32 bits of state, good enough to choose where to hit. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return { next, between, pick, chance: (share) => next() < share, shuffle, fork }

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  function between(from: number, to: number): number {
    return from + next() * (to - from)
  }

  function pick<T>(from: readonly T[]): T {
    return from[Math.floor(next() * from.length)] as T
  }

  function shuffle<T>(all: readonly T[]): T[] {
    return all
      .map((one) => ({ one, at: next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ one }) => one)
  }

  function fork(name: string): Random {
    let hash = seed >>> 0
    for (const letter of name) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0
    return createRandom(hash)
  }
}
