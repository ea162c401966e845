import type { Channel, ConsumeMessage } from 'amqplib'

/** One message on its way through a handler, bound to the channel that it came on. */
export interface Delivery {
  readonly message: ConsumeMessage
  /** The channel is gone: the broker delivers the message to somebody else, and settling it here does nothing. */
  lost(): boolean
  /** Calls back when the delivery is lost before it is settled. */
  onLost(listener: () => void): void
  ack(): void
  /** "I failed": the message comes back, and its delivery count rises. */
  reject(): void
  /** "I am going away": the message comes back, and (from RabbitMQ 4.3) its delivery count does not rise. */
  handBack(): void
}

/** How deliveries of one channel are settled. */
export interface Settling {
  deliver(message: ConsumeMessage): Delivery
  /** Sends the acks that were gathered. */
  flush(): void
  /** The channel is gone. */
  lose(): void
}

/** How long acks are gathered, while there is room for other messages. */
const ACK_MS = 5

/** For consumers whose messages need no ack. */
export const nothingToSettle: Settling = {
  deliver: (message) => ({ message, lost: () => false, onLost() {}, ack() {}, reject() {}, handBack() {} }),
  flush() {},
  lose() {},
}

/**
 * The deliveries of one raw channel. Delivery tags mean something on that channel only, so everything here dies with it.
 * Acks of a moment are sent together: `allUpTo` for the run of settled tags, single acks for the rest. They wait for
 * each other up to half of the prefetch: what the broker holds back until it hears them is work that could be done.
 *
 * @param prefetch how many unsettled deliveries there may be now
 */
export function settlements(channel: Channel, prefetch: () => number): Settling {
  const open = new Map<number, (() => void) | null>()
  const acked: ConsumeMessage[] = []
  let gone = false
  let scheduled = false
  return { deliver, flush, lose }

  function deliver(message: ConsumeMessage): Delivery {
    const tag = message.fields.deliveryTag
    open.set(tag, null)
    return {
      message,
      lost: () => gone,
      onLost: (listener) => {
        if (gone) listener()
        else if (open.has(tag)) open.set(tag, listener)
      },
      ack: () => {
        if (gone || !open.delete(tag)) return
        acked.push(message)
        if (acked.length * 2 >= prefetch()) return flush()
        if (scheduled) return
        scheduled = true
        setTimeout(onTime, ACK_MS)
      },
      reject: () => settle(tag, () => channel.reject(message, true)),
      handBack: () => settle(tag, () => channel.nack(message, false, true)),
    }
  }

  function settle(tag: number, send: () => void): void {
    if (gone || !open.has(tag)) return
    flush() // while the tag still counts as open, so that no `allUpTo` can include it
    open.delete(tag)
    send()
  }

  function onTime(): void {
    scheduled = false
    flush()
  }

  function flush(): void {
    if (gone || acked.length === 0) return
    acked.sort((a, b) => a.fields.deliveryTag - b.fields.deliveryTag)
    const [oldestOpen = Infinity] = open.keys() // tags are delivered, and so inserted, in rising order
    const run = acked.findLastIndex(({ fields }) => fields.deliveryTag < oldestOpen)
    if (run >= 0) channel.ack(acked[run] as ConsumeMessage, true)
    for (const message of acked.slice(run + 1)) channel.ack(message)
    acked.length = 0
  }

  function lose(): void {
    gone = true
    const listeners = [...open.values()]
    open.clear()
    acked.length = 0
    for (const listener of listeners) listener?.()
  }
}
