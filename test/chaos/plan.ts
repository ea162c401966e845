import type { Random } from './random.ts'

export const services = ['registry', 'files', 'notifier', 'executor-a', 'executor-b', 'gateway'] as const
export type ServiceName = (typeof services)[number]

/** One thing that goes wrong: when, to whom, and for how long. */
export interface Fault {
  readonly n: number
  readonly kind: Kind
  /** A service, the broker or the database */
  readonly target: ServiceName | 'broker' | 'database'
  /** Of a wire: to where it leads */
  readonly wire?: 'broker' | 'database'
  /** ms after the first one */
  readonly atMs: number
  readonly forMs: number
  /** Kind of the wire's illness: ms later, or bytes a second */
  readonly amount?: number
}

export type Kind =
  | 'kill'
  | 'freeze'
  | 'zombie'
  | 'kill runner'
  | 'cut'
  | 'hold'
  | 'half-close'
  | 'mute'
  | 'delay'
  | 'throttle'
  | 'alarm'

type Draft = Omit<Fault, 'n' | 'atMs'>

const DECKS_MOST = 2_000
const executors = ['executor-a', 'executor-b'] as const

export interface PlanOptions {
  readonly count: number
  readonly seconds: number
  readonly present: readonly ServiceName[]
  /** Only faults the description of which has this in it. */
  readonly only?: string | undefined
}

/**
 * What hits, drawn from a deck so that each kind comes up in its share, and when: evenly, with some chance. Faults of
 * different targets may overlap. What lasts longer than a lease is rare, and left out of short runs.
 */
export function planFaults(random: Random, { count, seconds, present, only = '' }: PlanOptions): Fault[] {
  const isLong = seconds >= 120
  const cards: Draft[] = []
  for (let deck = 0; cards.length < count; deck++) {
    if (deck > DECKS_MOST) throw new Error(`there is no fault like "${only}"`)
    const drawn = drawDeck(random, present, isLong && deck % 2 === 0)
    cards.push(...drawn.filter((card) => describe(card).includes(only)))
  }
  const stepMs = (seconds * 1_000) / count
  return random
    .shuffle(cards.slice(0, count))
    .map((card, n) => ({ ...card, n, atMs: Math.round((n + random.next()) * stepMs) }))
}

/** Thirty cards, the dearest first: what restarts everything comes up even in a short run. */
function drawDeck(random: Random, present: readonly ServiceName[], withZombie: boolean): Draft[] {
  const any = (): ServiceName => random.pick(present)
  const kill = (target: Fault['target']): Draft => ({ kind: 'kill', target, forMs: random.between(0, 1_500) })
  const freeze = (target: ServiceName): Draft => ({ kind: 'freeze', target, forMs: random.between(100, 4_000) })
  const onWire = (kind: Kind, forMs: number, more: { amount?: number } = {}): Draft => {
    const target = any()
    const wire = target === 'gateway' || random.chance(0.6) ? 'broker' : 'database'
    return { kind, target, wire, forMs, ...more }
  }
  return [
    kill('broker'),
    kill('database'),
    withZombie
      ? { kind: 'zombie', target: random.pick(executors), forMs: random.between(21_000, 25_000) }
      : freeze(random.pick(executors)),
    { kind: 'alarm', target: 'broker', forMs: random.between(500, 3_000) },
    kill('executor-a'),
    kill('executor-b'),
    kill('gateway'),
    ...present.filter((name) => name !== 'gateway' && !name.startsWith('executor')).map(kill),
    ...Array.from({ length: 3 }, () => freeze(any())),
    ...Array.from({ length: 3 }, (): Draft => ({ kind: 'kill runner', target: random.pick(executors), forMs: 0 })),
    ...Array.from({ length: 3 }, () => onWire('cut', 0)),
    ...Array.from({ length: 4 }, () => onWire('hold', random.between(100, 5_000))),
    ...Array.from({ length: 2 }, () => onWire('mute', random.between(50, 1_000))),
    ...Array.from({ length: 2 }, () => onWire('half-close', random.between(100, 3_000))),
    ...Array.from({ length: 2 }, () => onWire('delay', random.between(500, 4_000), { amount: random.between(5, 300) })),
    onWire('throttle', random.between(500, 3_000), { amount: random.between(2_000, 50_000) }),
  ]
}

/** In words, for the log of a run. */
export function describe({ kind, target, wire, forMs, amount }: Draft): string {
  const where = wire ? `${target} ↔ ${wire}` : target
  const howMuch =
    kind === 'delay' ? ` ${amount?.toFixed(0)} ms` : kind === 'throttle' ? ` ${amount?.toFixed(0)} B/s` : ''
  return `${kind}${howMuch} ${where}${forMs > 0 ? ` for ${(forMs / 1_000).toFixed(1)} s` : ''}`
}
