import autocannon from 'autocannon'

export interface Target {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  /** Status that counts as success. */
  readonly status: number
}

export interface LoadOptions {
  readonly connections: number
  /** How long to send, or how many requests in all. */
  readonly forMs?: number
  readonly requests?: number
}

export interface Load {
  readonly requests: number
  readonly failed: number
  readonly seconds: number
  readonly perSecond: number
  /** ms, in no order */
  readonly latencies: readonly number[]
  /** Latency in ms at a quantile of 0 to 1 */
  quantile(q: number): number
}

/** Loads a server with POST requests over keep-alive connections; each answer brings the next request (closed loop). */
export async function load(target: Target, { connections, forMs, requests }: LoadOptions): Promise<Load> {
  const latencies: number[] = []
  let failed = 0
  let answered = 0
  const started = performance.now()
  const { errors, timeouts } = await new Promise<{ errors: number; timeouts: number }>((resolve, reject) => {
    const run = autocannon(
      {
        url: target.url,
        method: 'POST',
        headers: { 'content-type': 'application/json', ...target.headers },
        body: target.body,
        connections,
        ...(forMs !== undefined && { duration: forMs / 1_000 }),
        ...(requests !== undefined && { amount: requests }),
      },
      (error, result) => (error ? reject(error) : resolve(result)),
    )
    run.on('response', (_client: unknown, status: number, _bytes: number, ms: number) => {
      answered++
      if (status !== target.status) failed++
      latencies.push(ms)
    })
  })
  const seconds = (performance.now() - started) / 1_000
  return summary({ requests: answered, failed: failed + errors + timeouts, seconds, latencies })
}

/** Several loads of one target as one. */
export function together(loads: readonly Load[]): Load {
  const sum = (value: (load: Load) => number): number => loads.reduce((total, load) => total + value(load), 0)
  return summary({
    requests: sum(({ requests }) => requests),
    failed: sum(({ failed }) => failed),
    seconds: sum(({ seconds }) => seconds),
    latencies: loads.flatMap(({ latencies }) => latencies),
  })
}

export function summary(counts: Omit<Load, 'perSecond' | 'quantile'>): Load {
  return { ...counts, perSecond: counts.requests / counts.seconds, quantile: quantileOf(counts.latencies) }
}

/** The value at a quantile of 0 to 1; NaN when there is none. */
export function quantileOf(values: readonly number[]): (q: number) => number {
  const sorted = Float64Array.from(values).toSorted()
  return (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN
}
