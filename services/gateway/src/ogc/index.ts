import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { conformanceRoute } from './conformance.ts'
import { controlRoutes } from './control.ts'
import { descriptionRoute } from './description.ts'
import { executionRoute } from './execution.ts'
import { filesOfJobRoutes } from './files-of-job.ts'
import { jobRoutes } from './jobs.ts'
import { landingRoute } from './landing.ts'
import { processRoutes } from './processes.ts'
import { resultRoutes } from './results.ts'

/** OGC API - Processes - Part 1: Core, 1.0 and 2.0 in the same documents. */
export function ogcRoutes(app: App, context: Context): void {
  landingRoute(app)
  conformanceRoute(app)
  processRoutes(app, context)
  descriptionRoute(app, context)
  executionRoute(app, context)
  jobRoutes(app, context)
  controlRoutes(app, context)
  resultRoutes(app, context)
  filesOfJobRoutes(app, context)
}
