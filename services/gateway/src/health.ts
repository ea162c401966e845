import { survey, type Instance as Reply, type Mesh } from '@warren/mesh'
import { z } from 'zod'
import type { Context } from './context.ts'
import type { App } from './env.ts'

const Instance = z.object({
  instance: z.string(),
  ready: z.boolean(),
  checks: z.record(z.string(), z.union([z.literal(true), z.string()])),
})

export const HealthReport = z
  .object({
    status: z.enum(['ready', 'waiting']),
    services: z.record(z.string(), z.array(Instance)),
    waitingFor: z.array(z.string()).meta({ description: 'What is down, in words' }),
  })
  .meta({ id: 'HealthReport' })
export type HealthReport = z.infer<typeof HealthReport>

export type Health = () => Promise<HealthReport>

const draining: HealthReport = { status: 'waiting', services: {}, waitingFor: ['gateway: its end'] }
const needed = ['registry', 'executor', 'files', 'notifier']
const SURVEY_MS = 500
const FRESH_MS = 500

/** Asks everybody how they are. Many who ask at once share one survey. */
export function createHealth(mesh: Mesh): Health {
  let last: { at: number; report: Promise<HealthReport> } | undefined

  return function health() {
    if (!last || Date.now() - last.at > FRESH_MS) last = { at: Date.now(), report: ask(mesh) }
    return last.report
  }
}

/**
 * `/livez`: this process runs. `/readyz`: a request can be served, or else what it would wait for. A gateway that is
 * about to end serves requests still, but is not ready: whoever shares out the load shall choose another one.
 */
export function healthRoutes(app: App, { health, isDraining }: Pick<Context, 'health' | 'isDraining'>): void {
  app.get('/livez', (c) => c.json({ status: 'alive' }))

  app.get('/readyz', async (c) => {
    const report = isDraining() ? draining : await health()
    return c.json(report, report.status === 'ready' ? 200 : 503)
  })
}

type Replies = readonly Reply[]

async function ask(mesh: Mesh): Promise<HealthReport> {
  const { broker } = mesh.status()
  if (broker !== true) return { status: 'waiting', services: {}, waitingFor: [`broker: waits for ${broker}`] }
  const isEnough = (replies: Replies): boolean =>
    needed.every((name) => replies.some((r) => r.service === name && r.ready))
  const replies = await survey(mesh, 'ping', { to: 'all', waitMs: SURVEY_MS, enough: isEnough }).catch(
    (error: Error) => error,
  )
  if (replies instanceof Error) {
    return { status: 'waiting', services: {}, waitingFor: [`broker: ${replies.message}`] }
  }
  return reportOn(replies)
}

/** What the answers mean together. */
export function reportOn(replies: Replies): HealthReport {
  const services: HealthReport['services'] = Object.fromEntries(needed.map((name) => [name, []]))
  for (const { service, instance, ready, checks } of replies) {
    services[service] = [...(services[service] ?? []), { instance, ready, checks: { ...checks } }]
  }
  const waitingFor = needed.flatMap((name) => whatIsMissing(name, services[name] ?? []))
  return { status: waitingFor.length === 0 ? 'ready' : 'waiting', services, waitingFor }
}

function whatIsMissing(service: string, instances: HealthReport['services'][string]): string[] {
  if (instances.length === 0) return [`${service}: no instance answers`]
  if (instances.some(({ ready }) => ready)) return []
  return instances.flatMap(({ checks }) =>
    Object.entries(checks)
      .filter(([, state]) => state !== true)
      .map(([check, state]) => `${service}: ${check} (${String(state)})`),
  )
}
