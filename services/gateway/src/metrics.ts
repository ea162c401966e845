import { queues } from '@warren/contracts'
import { metricsContentType, printMetrics, survey, type Mesh, type Tracer } from '@warren/mesh'
import type { App } from './env.ts'

/** What the gateway measures of its requests, and gathers of everybody. */
export interface Telemetry {
  readonly tracer: Tracer | undefined
  /** @param route the template that matched, never the path itself: labels are of few values */
  count(method: string, route: string, status: number, ms: number): void
  /** One exposition of all instances. */
  print(): Promise<string>
}

const ANSWER_MS = 500
const FRESH_MS = 1_000
/** How long an instance that does not answer is told as down. Then it is forgotten: each start has a name of its own. */
const REMEMBERED_MS = 300_000

export function createTelemetry(mesh: Mesh, services: readonly string[]): Telemetry {
  const meterOf = mesh.metrics.meters({
    name: 'warren_http_request',
    what: 'HTTP requests that were answered',
    label: 'route',
    outcome: 'status',
  })
  const meters = new Map<string, Map<string, ReturnType<typeof meterOf>>>()
  const seen = new Map<string, { readonly service: string; readonly instance: string; readonly at: number }>()
  let last: { at: number; text: Promise<string> } | undefined
  // these never expire, so that to ask for them harms nobody
  mesh.watchedQueues.add(queues.dead).add(queues.notify)
  return { tracer: mesh.tracer, count, print }

  function count(method: string, route: string, status: number, ms: number): void {
    let known = meters.get(method)
    if (!known) meters.set(method, (known = new Map()))
    let meter = known.get(route)
    if (!meter) known.set(route, (meter = meterOf(`${method} ${route}`)))
    meter.done(ms, String(status))
  }

  function print(): Promise<string> {
    if (!last || Date.now() - last.at > FRESH_MS) last = { at: Date.now(), text: gather() }
    return last.text
  }

  async function gather(): Promise<string> {
    const started = performance.now()
    const own = { service: mesh.service, instance: mesh.instance }
    // nobody knows how many there are: whoever can answer does so within the time
    const [others, families] = await Promise.all([
      survey(mesh, 'metrics', { to: 'all', waitMs: ANSWER_MS, enough: () => false }).catch(() => []),
      mesh.metrics.read(),
    ])
    const answers = [{ ...own, families }, ...others.filter(({ instance }) => instance !== mesh.instance)]
    const now = Date.now()
    for (const { service, instance } of answers) seen.set(`${service}@${instance}`, { service, instance, at: now })
    for (const [name, { at }] of seen) if (now - at > REMEMBERED_MS) seen.delete(name)
    const up = [...seen.values()].map(({ service, instance, at }) => {
      return { labels: { service, instance }, value: at === now ? 1 : 0 }
    })
    const missing = services.filter((name) => !up.some(({ labels }) => labels.service === name))
    const values = [...up, ...missing.map((service) => ({ labels: { service }, value: 0 }))]
    const sources = answers.map(({ service, instance, families }) => ({ labels: { service, instance }, families }))
    const help = 'Whether an instance answered; without an instance: nobody of the service was ever seen'
    return printMetrics([
      ...sources,
      {
        labels: {},
        families: [
          { name: 'warren_up', help, type: 'gauge', values },
          {
            name: 'warren_scrape_duration_seconds',
            help: 'How long it took to gather this',
            type: 'gauge',
            values: [{ labels: own, value: (performance.now() - started) / 1_000 }],
          },
        ],
      },
    ])
  }
}

/** `/metrics`: Prometheus text format 0.0.4, of every instance. */
export function metricsRoute(app: App, { print }: Telemetry): void {
  app.get('/metrics', async () => new Response(await print(), { headers: { 'Content-Type': metricsContentType } }))
}
