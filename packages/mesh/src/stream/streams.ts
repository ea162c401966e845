import type { Connection } from '../connection.ts'
import { unavailable } from '../failures.ts'
import type { Logger } from '../log.ts'
import { watchStalledCalls, type StalledCalls } from '../stalled-calls.ts'
import { findGone } from './find-gone.ts'
import { createLane, type Lane } from './lane.ts'

/** What HTTP exchanges of this instance travel on: a connection of its own, opened when it is first needed. */
export interface Streams {
  /** The lane with the least on it; waits for the first connection, and for no later one. @throws WarrenError UNAVAILABLE */
  lane(): Promise<Lane>
  /** Opens the connection now. */
  warm(): void
  /** Until told otherwise: calls back when the queue is deserted, so that nobody will ever take what waits there. */
  watch(id: string, queue: string, giveUp: () => void): void
  unwatch(id: string): void
  /** Exchanges under way */
  size(): number
  /** True also when there is no connection because none was needed. */
  status(): true | string
  close(): Promise<void>
}

interface Opened {
  readonly connection: Connection
  readonly lanes: readonly Lane[]
  readonly stalled: StalledCalls
  readonly ticking: NodeJS.Timeout
}

/** Several, so that the broker's work for them is shared out. */
const LANES = 4
/** Over it callers hear 503 at once. */
const EXCHANGES_MOST = 2_000
const FIRST_UP_MS = 5_000
/** A dead peer is noticed within about this. */
const TICK_MS = 1_000

export function createStreams(connect: () => Connection, sender: string, log: Logger): Streams {
  const waiting = new Map<string, { readonly queue: string; readonly since: number; readonly giveUp: () => void }>()
  let opened: Opened | undefined
  let closed = false
  let probing = false
  return {
    lane,
    warm: () => void open(),
    watch,
    unwatch: (id) => void waiting.delete(id),
    size,
    status: () => (!opened || opened.lanes.every((each) => each.isUp()) ? true : 'broker'),
    close,
  }

  async function lane(): Promise<Lane> {
    if (closed) throw unavailable('The service is stopping')
    if (size() >= EXCHANGES_MOST) throw unavailable('Too many exchanges are under way')
    const { connection, lanes } = open()
    const first = lanes[0] as Lane
    await Promise.race([first.up.catch(() => {}), new Promise((resolve) => setTimeout(resolve, FIRST_UP_MS).unref())])
    if (connection.blocked()) throw unavailable('The broker accepts no messages now')
    const up = lanes.filter((each) => each.isUp())
    const [emptiest = first] = up.toSorted((a, b) => a.size() - b.size())
    if (!emptiest.isUp()) throw unavailable('The broker is not reachable')
    return emptiest
  }

  function size(): number {
    return opened?.lanes.reduce((sum, each) => sum + each.size(), 0) ?? 0
  }

  function watch(id: string, queue: string, giveUp: () => void): void {
    waiting.set(id, { queue, since: Date.now(), giveUp })
    opened?.stalled.watch()
  }

  function open(): Opened {
    if (opened) return opened
    const connection = connect()
    const lanes = Array.from({ length: LANES }, (_, i) => {
      return createLane(connection, { name: `${sender}.stream.${i}`, sender }, log)
    })
    const ticking = setInterval(() => void tick(connection, lanes), TICK_MS).unref()
    const stalled = watchStalledCalls(
      connection,
      () => waiting.values(),
      (queue) => {
        for (const each of waiting.values()) if (each.queue === queue) each.giveUp()
      },
    )
    opened = { connection, lanes, stalled, ticking }
    return opened
  }

  async function tick(connection: Connection, lanes: readonly Lane[]): Promise<void> {
    for (const each of lanes) each.tick()
    if (probing) return
    probing = true
    const addresses = new Set(lanes.flatMap((each) => [...each.peers()]))
    const gone = await findGone(connection, addresses).finally(() => (probing = false))
    for (const address of gone) for (const each of lanes) each.gone(address)
  }

  async function close(): Promise<void> {
    closed = true
    if (!opened) return
    opened.stalled.stop()
    clearInterval(opened.ticking)
    await Promise.all(opened.lanes.map((each) => each.close()))
    await opened.connection.close()
  }
}
