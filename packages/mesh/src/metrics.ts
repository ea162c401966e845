import { setTimeout as wait } from 'node:timers/promises'
import type { Family, Sample } from './exposition.ts'
import { createTally, familiesOf, type Meter, type MeterKind, type Tally } from './tally.ts'

/** A number, or one for each set of labels. */
export type Reading = number | readonly Sample[]

export interface Gauge {
  /** In base units, which the name ends with: seconds, bytes. */
  readonly name: string
  readonly help: string
  /** Only grows, since the instance started. */
  readonly counter?: true
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

function samples(reading: Reading): Sample[] {
  return typeof reading === 'number' ? [{ labels: {}, value: reading }] : [...reading]
}
