import type { RunningService } from '@warren/mesh'
import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { gemseoRoutes } from './gemseo/index.ts'
import { bridgeToTopics } from './nrp/bridge.ts'
import { nrpRoutes } from './nrp/index.ts'
import { umbridgeRoutes } from './umbridge/index.ts'

/** HTTP APIs of other systems, over the same operations. */
export function dialectRoutes(app: App, context: Context): void {
  gemseoRoutes(app, context)
  nrpRoutes(app, context)
  umbridgeRoutes(app, context)
}

/** What they tell without being asked. */
export async function startDialects(context: Context, service: RunningService): Promise<void> {
  await bridgeToTopics(context, service)
}
