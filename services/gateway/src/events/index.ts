import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { eventRoutes } from './job-events.ts'
import { logRoutes } from './logs.ts'
import { metricRoutes } from './metrics.ts'

/** What is told of jobs while they run, and afterwards: events, log lines, metrics. */
export function tellingRoutes(app: App, context: Context): void {
  eventRoutes(app, context)
  logRoutes(app, context)
  metricRoutes(app, context)
}
