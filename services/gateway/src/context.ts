import { executor, registry } from '@warren/contracts'
import { client, type RunningService } from '@warren/mesh'
import type { Config } from './config.ts'
import { createDescriptions, type Descriptions } from './descriptions.ts'
import { createHealth, type Health } from './health.ts'
import { createLive, type Live } from './live.ts'

/** What the routes work with. */
export interface Context {
  readonly config: Config
  readonly log: RunningService['log']
  readonly registry: Registry
  readonly executor: Executor
  readonly descriptions: Descriptions
  readonly live: Live
  readonly health: Health
  readonly isDraining: () => boolean
}

export type Registry = ReturnType<typeof client<typeof registry>>
export type Executor = ReturnType<typeof client<typeof executor>>

/** The context of a running gateway. */
export function createContext(config: Config, { mesh, log, signal }: RunningService): Context {
  const registryClient = client(registry, mesh)
  const live = createLive(mesh)
  return {
    config,
    log,
    registry: registryClient,
    executor: client(executor, mesh),
    descriptions: createDescriptions(registryClient, live),
    live,
    health: createHealth(mesh),
    isDraining: () => signal.aborted,
  }
}
