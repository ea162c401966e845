import { Registry, type Metric } from 'prom-client'

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
