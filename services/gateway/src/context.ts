import { executor, notifier, registry } from '@warren/contracts'
import { client, publishMqtt, type RunningService } from '@warren/mesh'
import { createApps, type Apps } from './apps.ts'
import type { Config } from './config.ts'
import { createDescriptions, type Descriptions } from './descriptions.ts'
import { createFeeds, type Feeds } from './events/feeds.ts'
import { createRecordNews, type RecordNews } from './events/record-news.ts'
import { createHealth, type Health } from './health.ts'
import { createLive, type Live } from './live.ts'
import { createTelemetry, type Telemetry } from './metrics.ts'

/** What the routes work with. */
export interface Context {
  readonly config: Config
  readonly log: RunningService['log']
  readonly registry: Registry
  readonly executor: Executor
  readonly notifier: ReturnType<typeof client<typeof notifier>>
  readonly descriptions: Descriptions
  readonly live: Live
  /** Publishes JSON to MQTT clients. @throws WarrenError UNAVAILABLE */
  readonly mqtt: (topic: string, payload: unknown) => Promise<void>
  readonly apps: Apps
  readonly feeds: Feeds
  readonly recordNews: RecordNews
  readonly health: Health
  readonly telemetry: Telemetry
  readonly isDraining: () => boolean
}

export type Registry = ReturnType<typeof client<typeof registry>>
export type Executor = ReturnType<typeof client<typeof executor>>

const feedGauges = {
  readers: { name: 'warren_stream_readers', help: 'Clients that follow events, logs or metrics' },
  feeds: { name: 'warren_stream_feeds', help: 'Subjects that they follow' },
} as const

/** The context of a running gateway. */
export function createContext(config: Config, { mesh, log, signal, measure }: RunningService): Context {
  const registryClient = client(registry, mesh)
  const live = createLive(mesh)
  return {
    config,
    log,
    registry: registryClient,
    executor: client(executor, mesh),
    notifier: client(notifier, mesh),
    descriptions: createDescriptions(registryClient, live),
    live,
    mqtt: (topic, payload) => publishMqtt(mesh, topic, payload),
    apps: createApps(mesh, config),
    feeds: createFeeds({
      onGap: (listener) => void mesh.consuming.onUp(listener),
      draining: signal,
      measure: (read) => measure(feedGauges, read),
    }),
    recordNews: createRecordNews(mesh.controls),
    health: createHealth(mesh),
    telemetry: createTelemetry(mesh, ['registry', 'executor', 'files', 'notifier']),
    isDraining: () => signal.aborted,
  }
}
