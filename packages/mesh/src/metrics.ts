import { setTimeout as wait } from 'node:timers/promises'
import { Registry, type Metric } from 'prom-client'
import { createTally, familiesOf, type MeterKind, type Tally } from './tally.ts'

/** One metric with its samples: what instances send each other, and what one exposition is printed of. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
  readonly values: readonly Sample[]
}

export interface Sample {
  /** Where it differs from the family's: `_bucket`, `_sum` and `_count` of a histogram. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A number, or one for each set of labels. */
export type Reading = number | readonly Sample[]

export interface Gauge {
  /** In base units, which the name ends with: seconds, bytes. */
  readonly name: string
  readonly help: string
  /** Only grows, since the instance started. */
  readonly counter?: true
}

/** Counts, for one operation, how often, how long and how it ended. */
export interface Meter {
  done(ms: number, outcome: string): void
}

export interface Metrics {
  /** Meters of one kind; `label` says what differs between them. Get each once: the hot path only counts. */
  meters(kind: MeterKind): (value: string) => Meter
  /** Gauges that are read when somebody asks, all of them at once. What fails or takes too long is left out. */
  measure<Name extends string>(
    gauges: Readonly<Record<Name, Gauge>>,
    read: () => Partial<Record<Name, Reading>> | Promise<Partial<Record<Name, Reading>>>,
  ): void
  read(): Promise<Family[]>
}

const READ_MS = 300

export function createMetrics(): Metrics {
  const kinds: (() => Family[])[] = []
  const readers = new Set<() => Promise<Family[]>>()
  return { meters, measure, read }

  function meters(kind: MeterKind): (value: string) => Meter {
    const tallies = new Map<string, Tally>()
    kinds.push(() => familiesOf(kind, tallies))
    return (value) => {
      const tally = tallies.get(value) ?? createTally()
      tallies.set(value, tally)
      return tally
    }
  }

  function measure<Name extends string>(
    gauges: Readonly<Record<Name, Gauge>>,
    take: () => Partial<Record<Name, Reading>> | Promise<Partial<Record<Name, Reading>>>,
  ): void {
    // one that hangs, as on a database that is away, is not asked again meanwhile
    let asking: Promise<Family[]> | undefined
    readers.add(() => (asking ??= ask().finally(() => (asking = undefined))))

    async function ask(): Promise<Family[]> {
      const readings = await take()
      return (Object.keys(gauges) as Name[]).flatMap((key) => {
        const reading: Reading | undefined = readings[key]
        const { name, help, counter } = gauges[key]
        return reading === undefined
          ? []
          : { name, help, type: counter ? 'counter' : 'gauge', values: samples(reading) }
      })
    }
  }

  async function read(): Promise<Family[]> {
    const measured = [...readers].map((reader) => {
      return Promise.race([reader(), wait(READ_MS, [], { ref: false })]).catch((): Family[] => [])
    })
    return [...kinds.flatMap((families) => families()), ...(await Promise.all(measured)).flat()]
  }
}

/**
 * Prints one exposition (Prometheus text format 0.0.4) of what several instances say; families of the same name become
 * one, and the labels tell them apart.
 */
export async function printMetrics(
  sources: readonly { readonly labels: Readonly<Record<string, string>>; readonly families: readonly Family[] }[],
): Promise<string> {
  const merged = new Map<string, Family & { values: Sample[] }>()
  for (const { labels, families } of sources) {
    for (const { values, ...family } of families) {
      const known = merged.get(family.name) ?? { ...family, values: [] }
      merged.set(family.name, known)
      for (const sample of values) known.values.push({ ...sample, labels: { ...sample.labels, ...labels } })
    }
  }
  const registry = new Registry()
  for (const family of merged.values()) {
    registry.registerMetric({ ...family, get: async () => family } as unknown as Metric)
  }
  return registry.metrics()
}

export const metricsContentType = Registry.PROMETHEUS_CONTENT_TYPE

function samples(reading: Reading): Sample[] {
  return typeof reading === 'number' ? [{ labels: {}, value: reading }] : [...reading]
}
