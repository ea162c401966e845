import { setTimeout as wait } from 'node:timers/promises'
import { nanoid } from 'nanoid'
import type { MeshConfig } from './config.ts'
import { listenForControl } from './control.ts'
import { createLog, type Logger } from './log.ts'
import { joinMesh, type Mesh } from './mesh.ts'
import type { Metrics } from './metrics.ts'
import { measureProcess } from './process-metrics.ts'
import { createReleasers } from './releasers.ts'
import { openTracer } from './trace.ts'

export interface RunningService {
  readonly mesh: Mesh
  readonly log: Logger
  /** What to undo when the service stops; the last one first. */
  release(name: string, releaser: () => Promise<void> | void): void
  /** Part of the readiness of this instance: true, or what it waits for. */
  check(name: string, probe: () => true | string | Promise<true | string>): void
  /** What the instance says of itself beside its name. */
  describe(info: () => Record<string, unknown>): void
  /** Gauges and counters beside those that every instance has; read when somebody asks. */
  readonly measure: Metrics['measure']
  /** Aborted when draining starts. */
  readonly signal: AbortSignal
}

export interface StartedService {
  readonly mesh: Mesh
  /** Drains and stops. Idempotent. */
  stop(): Promise<void>
}

type Start = (service: RunningService) => Promise<void>

const VERSION = '0.1.0'
const DRAIN_MS = 25_000
const PROBE_MS = 1_000

/**
 * The life of a service: joins the mesh, starts, and drains on SIGTERM or SIGINT: intake stops, what is under way
 * finishes, what was published is confirmed, connections close. A second signal, or a drain that takes too long, ends it.
 */
export async function run(name: string, config: MeshConfig, start: Start): Promise<void> {
  const stopping = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(1)
      stopping.abort()
    })
  }
  let service: StartedService | undefined
  try {
    service = await startService(name, config, start, stopping.signal)
    if (!stopping.signal.aborted) await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve))
  } catch (error) {
    if (!stopping.signal.aborted) {
      createLog(name, '-', config.logLevel).fatal({ err: error }, 'could not start')
      process.exit(1)
    }
  }
  setTimeout(() => process.exit(1), (config.drainDelayMs ?? 0) + DRAIN_MS).unref()
  await service?.stop()
  process.exit(0)
}

/** Starts a service in this process, without listening for signals. */
export async function startService(
  name: string,
  config: MeshConfig,
  start: Start,
  stopping: AbortSignal = new AbortController().signal,
): Promise<StartedService> {
  const draining = new AbortController()
  const instance = config.instance ?? nanoid(8)
  const log = createLog(name, instance, config.logLevel)
  const tracer = await openTracer(config.traces, name, instance)
  const mesh = joinMesh(name, instance, config.amqpUrl, log, tracer)
  const releasers = createReleasers(log)
  const probes = new Map<string, () => true | string | Promise<true | string>>([
    ['started', () => 'its start to finish'],
  ])
  let info = (): Record<string, unknown> => ({})
  releasers.push('traces', () => tracer?.close())
  releasers.push('mesh', () => mesh.close())
  releasers.push('process metrics', measureProcess(mesh.metrics))
  stopping.addEventListener('abort', () => draining.abort())
  draining.signal.addEventListener('abort', () => probes.set('draining', () => 'its end'))
  // answers from the first moment, so that others can see what this instance waits for
  listenForControl(mesh, { version: VERSION, checks, info: () => info() })
  try {
    await start({
      mesh,
      log,
      release: releasers.push,
      check: (check, probe) => probes.set(check, probe),
      describe: (describe) => (info = describe),
      measure: mesh.metrics.measure,
      signal: draining.signal,
    })
  } catch (error) {
    await stop()
    throw error
  }
  probes.delete('started')
  log.info({ node: process.version }, 'started')
  return { mesh, stop }

  async function stop(): Promise<void> {
    draining.abort()
    if (config.drainDelayMs) await wait(config.drainDelayMs)
    await mesh.drain()
    await releasers.run()
    log.info('stopped')
  }

  async function checks(): Promise<Record<string, true | string>> {
    const results = [...probes].map(async ([check, probe]) => {
      const late = wait(PROBE_MS, `${check} (no answer)`, { ref: false })
      return [check, await Promise.race([probe(), late]).catch((error: Error) => error.message)] as const
    })
    return Object.fromEntries(await Promise.all(results))
  }
}
