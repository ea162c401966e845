import * as contracts from '@warren/contracts'
import { WarrenError, type Job, type ProcessDescription, type Service, type ServiceSpec } from '@warren/contracts'
import type { Client } from '@warren/mesh'
import type { Config } from '../config.ts'
import type { Context } from '../context.ts'
import { createDescriptions } from '../descriptions.ts'
import { createFeeds } from '../events/feeds.ts'
import { createRecordNews } from '../events/record-news.ts'
import type { HealthReport } from '../health.ts'
import type { Live } from '../live.ts'

export const testConfig: Config = {
  mesh: { amqpUrl: 'amqp://127.0.0.1', logLevel: 'silent' },
  host: '127.0.0.1',
  port: 0,
  maxInlineBytes: 1_048_576,
  maxBodyBytes: 1_000,
  corsOrigins: ['http://friend.example'],
  exposedApps: [],
  appDeadlineMs: 1_000,
  nrpStrict: false,
  nrpMqttPrefix: '',
  omitMonitorLink: false,
  requiresToken: false,
}

export const echo: ProcessDescription = {
  id: 'echo',
  version: '1.0.0',
  title: 'Echo',
  description: 'Says it again',
  inputs: { text: { schema: { type: 'string' } } },
  outputs: {
    text: { schema: { type: 'string' } },
    picture: { schema: { type: 'string', contentMediaType: 'image/png', contentEncoding: 'base64' } },
  },
  jobControlOptions: ['sync-execute', 'async-execute', 'dismiss'],
  digest: 'd',
}

export const job: Job = {
  id: 'J1',
  processId: 'echo',
  processVersion: '1.0.0',
  owner: 'local',
  mode: 'async',
  state: 'running',
  desired: 'run',
  pausedAs: null,
  hasCheckpoint: false,
  status: 'running',
  progress: 40,
  message: null,
  attempt: 1,
  executorId: 'executor@1',
  createdAt: '2026-11-21T09:00:00.000Z',
  startedAt: '2026-11-21T09:00:01.000Z',
  finishedAt: null,
  updatedAt: '2026-11-21T09:00:02.000Z',
  deadlineAt: null,
  problem: null,
  waitingFor: null,
  series: null,
  number: null,
}

interface Fakes {
  readonly processes?: readonly ProcessDescription[]
  readonly executor?: Partial<Context['executor']>
  readonly registry?: Partial<Context['registry']>
  readonly live?: Live
  readonly config?: Partial<Config>
  readonly health?: HealthReport
  readonly logged?: (line: object) => void
}

/** A context whose services answer from memory; what a test does not give, answers UNROUTABLE. */
export function fakeContext(fakes: Fakes = {}): Context {
  const { processes = [echo], logged = () => undefined } = fakes
  const registry: Context['registry'] = {
    ...unroutable(contracts.registry),
    listExecutors: async () => ({ executors: [] }),
    listProcesses: async () => ({ processes: [...processes], next: null }),
    getProcess: async ({ id }) => {
      const process = processes.find((known) => known.id === id)
      if (!process) throw new WarrenError('NO_SUCH_PROCESS')
      return { ...process, offers: 1 }
    },
    ...fakes.registry,
  }
  const executor: Context['executor'] = {
    ...unroutable(contracts.executor),
    ...fakes.executor,
  }
  const live = fakes.live ?? { watch: async () => () => undefined }
  return {
    config: { ...testConfig, ...fakes.config },
    log: silentLog(logged),
    registry,
    executor,
    notifier: unroutable(contracts.notifier),
    descriptions: createDescriptions(registry, live),
    live,
    mqtt: async () => undefined,
    apps: {
      isExposed: () => false,
      open: () => Promise.reject(new WarrenError('UNROUTABLE')),
      list: async () => [],
    },
    feeds: createFeeds({ onGap: () => {}, draining: new AbortController().signal, measure: () => {} }),
    recordNews: createRecordNews(new Map()),
    health: async () => fakes.health ?? { status: 'ready', services: {}, waitingFor: [] },
    telemetry: { tracer: undefined, count: () => undefined, print: async () => '' },
    isDraining: () => false,
  }
}

/** A service that nobody serves. */
function unroutable<S extends ServiceSpec>({ operations }: Service<S>): Client<S> {
  const refuse = (): Promise<never> => Promise.reject(new WarrenError('UNROUTABLE'))
  return Object.fromEntries(Object.keys(operations).map((key) => [key, refuse])) as unknown as Client<S>
}

/** Only what the gateway uses of a log. */
function silentLog(logged: (line: object) => void): Context['log'] {
  const log = { isLevelEnabled: () => false, error: logged, warn: () => undefined, info: () => undefined }
  return log as unknown as Context['log']
}
