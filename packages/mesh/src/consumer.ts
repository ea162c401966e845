import type { Channel, ConsumeMessage } from 'amqplib'
import { superviseChannel, type SupervisedChannel } from './channel.ts'
import type { Connection } from './connection.ts'
import type { Logger } from './log.ts'
import { nothingToSettle, settlements, type Delivery, type Settling } from './settling.ts'
import { bindQueue, declareQueue, deleteUnused, type QueueSpec } from './topology.ts'

export interface Consumer {
  /** True, or what it waits for. */
  status(): true | string
  /** Settles when messages can arrive. */
  readonly up: Promise<void>
  /** Bindings made later; they are made again after a reconnect. */
  bind(exchange: string, key: string): Promise<void>
  unbind(exchange: string, key: string): Promise<void>
  /** Stops taking messages. Deliveries that are out can still be settled. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Changes how many unsettled deliveries there may be at a time. */
  setPrefetch(count: number): Promise<void>
  /** Pauses, settles what is acked, removes the queue when `removeUnused` and nobody else uses it. */
  close(options?: { removeUnused?: boolean }): Promise<void>
}

export interface ConsumerOptions {
  readonly queue: QueueSpec
  /** How many unsettled deliveries at a time; 0 = messages need no ack. */
  readonly prefetch: number
  readonly log: Logger
  readonly onDelivery: (delivery: Delivery) => void
}

/** Consumes a queue, across reconnects and channel errors. */
export function consume(
  connection: Connection,
  { queue, prefetch: firstPrefetch, log, onDelivery }: ConsumerOptions,
): Consumer {
  let prefetch = firstPrefetch
  const lateBindings = new Map<string, { exchange: string; key: string }>()
  let settling: Settling | undefined
  /** The channel that is set up: known a turn before the supervisor says so, and a pause may come in that turn */
  let ready: Channel | undefined
  /** The channel that has every binding there was: who binds from now on does it there, also before it is ready */
  let bound: Channel | undefined
  let consumerTag: string | undefined
  let taking = true
  let closed = false
  let changing = Promise.resolve()
  const supervised: SupervisedChannel = superviseChannel(connection, { name: queue.name, log, setup })
  return {
    status: () => (supervised.current() && (consumerTag !== undefined || !taking) ? true : `queue ${queue.name}`),
    up: supervised.up,
    bind,
    unbind,
    pause,
    resume,
    setPrefetch,
    close,
  }

  async function setup(channel: Channel, gone: AbortSignal): Promise<void> {
    const mine = (settling = prefetch > 0 ? settlements(channel, () => prefetch) : nothingToSettle)
    consumerTag = undefined
    gone.addEventListener('abort', () => {
      ready = undefined
      bound = undefined
      mine.lose()
    })
    await declareQueue(channel, queue)
    await align(channel, mine)
    // one that is made while this runs is in the map, and so comes in its turn
    for (const binding of lateBindings.values()) await bindQueue(channel, queue.name, binding)
    if (!gone.aborted) bound = channel
    await align(channel, mine)
    if (!gone.aborted) ready = channel
  }

  /** Takes messages, or takes none, whatever was asked for meanwhile. */
  async function align(channel: Channel, mine: Settling): Promise<void> {
    while (taking !== (consumerTag !== undefined)) await (taking ? start(channel, mine) : stop(channel))
  }

  /** One after the other: a consumer that is about to start has no tag yet by which it could be stopped. */
  function inTurn(act: typeof align): Promise<void> {
    changing = changing.then(() => withChannel(act))
    return changing
  }

  /** What could not be done on a channel is done when the next one is set up. */
  async function withChannel(act: typeof align): Promise<void> {
    const channel = ready
    if (!channel || !settling) return
    try {
      await act(channel, settling)
    } catch {
      if (supervised.current() === channel) supervised.renew()
    }
  }

  async function stop(channel: Channel): Promise<void> {
    const tag = consumerTag as string
    consumerTag = undefined
    await channel.cancel(tag).catch(() => {})
  }

  async function start(channel: Channel, mine: Settling): Promise<void> {
    const take = (message: ConsumeMessage | null): void => {
      // null: the broker cancelled the consumer, because the queue was deleted
      if (!message) supervised.renew()
      else onDelivery(mine.deliver(message))
    }
    // the limit of a consumer is the channel's at the time when it starts
    if (prefetch > 0) await channel.prefetch(prefetch)
    consumerTag = (await channel.consume(queue.name, take, { noAck: prefetch === 0 })).consumerTag
  }

  async function bind(exchange: string, key: string): Promise<void> {
    lateBindings.set(`${exchange} ${key}`, { exchange, key })
    if (bound) await bindQueue(bound, queue.name, { exchange, key })
  }

  async function unbind(exchange: string, key: string): Promise<void> {
    lateBindings.delete(`${exchange} ${key}`)
    await bound?.unbindQueue(queue.name, exchange, key)
  }

  function pause(): Promise<void> {
    taking = false
    return inTurn(align)
  }

  async function resume(): Promise<void> {
    if (taking || closed) return
    taking = true
    await inTurn(align)
  }

  function setPrefetch(count: number): Promise<void> {
    prefetch = count
    return inTurn(startAgain)
  }

  async function startAgain(channel: Channel, mine: Settling): Promise<void> {
    if (consumerTag !== undefined) await stop(channel)
    await align(channel, mine)
  }

  async function close({ removeUnused = false } = {}): Promise<void> {
    closed = true
    await pause()
    settling?.flush()
    const channel = supervised.current()
    if (removeUnused && channel) await deleteUnused(channel, queue.name).catch(() => {})
    await supervised.close()
  }
}
