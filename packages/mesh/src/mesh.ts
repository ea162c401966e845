import { openConnection, type Connection } from './connection.ts'
import type { Logger } from './log.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { createRequester, type Requester } from './requester.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { readQueues } from './queue-depths.ts'
import { recentSet, type RecentSet } from './recent-set.ts'
import { createStats, type Stats } from './stats.ts'
import { createStreams, type Streams } from './stream/streams.ts'
import type { Tracer } from './span.ts'

/** One instance's part in the mesh: its connections, what it serves and what it waits for. */
export interface Mesh {
  readonly service: string
  readonly instance: string
  /** `<service>@<instance>` */
  readonly name: string
  readonly log: Logger
  /** Takes messages and acks them, and publishes nothing. */
  readonly consuming: Connection
  readonly publisher: Publisher
  readonly requester: Requester
  /** What HTTP exchanges with apps travel on, apart from all calls and events. */
  readonly streams: Streams
  /** Apps that are served here. */
  readonly apps: Set<string>
  readonly stats: Stats
  readonly metrics: Metrics
  /** There is one where spans are wanted. */
  readonly tracer: Tracer | undefined
  /** Queues of which the metrics tell the depth: those that are consumed here, and what never expires. */
  readonly watchedQueues: Set<string>
  /** What answers calls here: drained first, while everything that the handlers need is still there. */
  readonly servers: Set<ServingPart>
  /** What listens here otherwise: to the end. */
  readonly listeners: Set<Part>
  /** Correlation ids of calls under way → how to abort them. */
  readonly abortable: Map<string, () => void>
  /** Correlation ids that were cancelled lately, maybe before they were delivered. */
  readonly cancelled: RecentSet
  /** What else can be asked of this instance by control message: type → what to do with the body. */
  readonly controls: Map<string, (body: unknown) => void>
  status(): { broker: true | string }
  /** Stops the intake of calls and waits for those under way. */
  drain(): Promise<void>
  close(): Promise<void>
}

interface Part {
  status(): true | string
  close(): Promise<void>
}

interface ServingPart extends Part {
  readonly queue: string
  underWay(): number
}

const CANCELLED_MOST = 2_000

/** Joins the mesh, in the background: it comes up whenever the broker does. */
export function joinMesh(service: string, instance: string, amqpUrl: string, log: Logger, tracer?: Tracer): Mesh {
  const name = `${service}@${instance}`
  // calls, publishing and consuming apart: a publisher that the broker blocks must not freeze acks
  const calling = openConnection(amqpUrl, `${name} calls`, log)
  const publishing = openConnection(amqpUrl, `${name} publishes`, log)
  const consuming = openConnection(amqpUrl, `${name} consumes`, log)
  const publisher = createPublisher(publishing, name, log)
  const requester = createRequester(calling, { name, userId: userOf(amqpUrl) }, log)
  const streams = createStreams(() => openConnection(amqpUrl, `${name} streams`, log, false), name, log)
  const servers = new Set<ServingPart>()
  const listeners = new Set<Part>()
  const metrics = createMetrics()
  const watchedQueues = new Set<string>()
  measureMesh()
  return {
    service,
    instance,
    name,
    log,
    consuming,
    publisher,
    requester,
    streams,
    apps: new Set(),
    stats: createStats(metrics),
    metrics,
    tracer,
    watchedQueues,
    servers,
    listeners,
    abortable: new Map(),
    cancelled: recentSet(CANCELLED_MOST),
    controls: new Map(),
    status,
    drain,
    close,
  }

  function status(): { broker: true | string } {
    const parts = [
      publisher.status(),
      requester.status(),
      streams.status(),
      ...[...servers, ...listeners].map((part) => part.status()),
    ]
    return { broker: parts.find((part) => part !== true) ?? true }
  }

  function measureMesh(): void {
    metrics.measure(
      {
        serving: { name: 'warren_operations_under_way', help: 'Calls that were taken and not yet answered' },
        calling: { name: 'warren_calls_pending', help: 'Calls of this instance that wait for an answer' },
        streaming: { name: 'warren_exchanges', help: 'HTTP exchanges with apps that this instance has a part in' },
        connected: {
          name: 'warren_broker_connected',
          help: 'Whether everything that this instance needs of the broker is up',
        },
      },
      () => ({
        serving: [...servers].map(({ queue, underWay }) => ({ labels: { queue }, value: underWay() })),
        calling: requester.pending(),
        streaming: streams.size(),
        connected: status().broker === true ? 1 : 0,
      }),
    )
    metrics.measure(
      {
        messages: { name: 'warren_queue_ready_messages', help: 'Messages in a queue that nobody has taken yet' },
        consumers: { name: 'warren_queue_consumers', help: 'Consumers of a queue' },
      },
      async () => {
        const queues = [...new Set([...[...servers].map(({ queue }) => queue), ...watchedQueues])]
        const depths = await readQueues(consuming, queues)
        return {
          messages: depths.map(({ queue, messages: value }) => ({ labels: { queue }, value })),
          consumers: depths.map(({ queue, consumers: value }) => ({ labels: { queue }, value })),
        }
      },
    )
  }

  async function drain(): Promise<void> {
    await Promise.all([...servers].map((server) => server.close()))
  }

  async function close(): Promise<void> {
    await drain()
    await Promise.all([...listeners].map((listener) => listener.close()))
    await requester.close()
    await streams.close()
    await publisher.close()
    await Promise.all([calling.close(), publishing.close(), consuming.close()])
  }
}

/** The broker compares `userId` with the user of the connection, and so attests it. */
function userOf(amqpUrl: string): string {
  return decodeURIComponent(new URL(amqpUrl.split(',')[0] as string).username) || 'guest'
}
