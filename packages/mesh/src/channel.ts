import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib'
import { backoffMs } from './backoff.ts'
import type { Connection } from './connection.ts'
import type { Logger } from './log.ts'

/** A channel that is made again, with everything on it, after an error of its own or of its connection. */
export interface SupervisedChannel<C extends Channel = Channel> {
  /** The raw channel once its setup has finished, else undefined. */
  current(): C | undefined
  /** Settles when the channel is up for the first time, or rejects when it is closed before. */
  readonly up: Promise<void>
  /** Gives the raw channel up and opens another. */
  renew(): void
  close(): Promise<void>
}

export interface ChannelOptions<C extends Channel> {
  readonly name: string
  readonly log: Logger
  /**
   * Declares and consumes. Runs on every new channel; when it fails, the channel is given up and tried again.
   *
   * @param gone aborts when this channel is lost or given up, also before its setup has finished, and with it goes every
   *   delivery, confirm and reply that is under way on it
   */
  readonly setup: (channel: C, gone: AbortSignal) => Promise<void>
  /** How many buffers may wait to be written before `publish` tells so; amqplib's own limit unless told. */
  readonly highWaterMark?: number
}

export function superviseConfirmChannel(
  connection: Connection,
  options: ChannelOptions<ConfirmChannel>,
): SupervisedChannel<ConfirmChannel> {
  return supervise(connection, (raw) => raw.createConfirmChannel(options), options)
}

export function superviseChannel(connection: Connection, options: ChannelOptions<Channel>): SupervisedChannel {
  return supervise(connection, (raw) => raw.createChannel(), options)
}

function supervise<C extends Channel>(
  connection: Connection,
  open: (connection: ChannelModel) => Promise<C>,
  { name, log, setup }: ChannelOptions<C>,
): SupervisedChannel<C> {
  let ready: C | undefined
  let latest: C | undefined
  let failures = 0
  let closed = false
  let retry: NodeJS.Timeout | undefined
  /** Of the newest channel */
  let life = new AbortController()
  const { promise: up, resolve: isUp, reject: neverUp } = Promise.withResolvers<void>()
  up.catch(() => {}) // nobody has to wait for it
  const unsubscribe = connection.onUp((raw) => void start(raw))
  return { current: () => ready, up, renew, close }

  async function start(raw: ChannelModel): Promise<void> {
    clearTimeout(retry)
    life.abort()
    const mine = (life = new AbortController())
    let channel: C | undefined
    try {
      channel = await open(raw)
      latest = channel
      channel.on('error', (error: Error) => log.warn({ channel: name, error: error.message }, 'channel failed'))
      // first of all: amqplib fails the unconfirmed with the same error as a nack, and these are lost, not refused
      channel.prependListener('close', () => ended(mine))
      // amqplib closes the channel when a consumer callback throws and nobody listens here
      channel.on('handler-error', (error: Error) => log.error({ channel: name, err: error }, 'consumer callback threw'))
      await setup(channel, mine.signal)
      if (mine.signal.aborted) return void channel.close().catch(() => {})
      ready = channel
      failures = 0
      isUp()
    } catch (error) {
      if (mine.signal.aborted) return
      log.warn({ channel: name, error: (error as Error).message }, 'channel could not be set up')
      channel?.removeAllListeners('close')
      channel?.close().catch(() => {})
      ended(mine)
    }
  }

  function ended(which: AbortController): void {
    if (which.signal.aborted) return
    ready = undefined
    which.abort()
    if (closed) return
    // while the connection is down there is nothing to retry on: its next `up` starts again
    retry = setTimeout(
      () => {
        const raw = connection.current()
        if (raw) void start(raw)
      },
      backoffMs(failures++, 20),
    )
  }

  function renew(): void {
    const channel = latest
    ended(life)
    channel?.close().catch(() => {})
  }

  async function close(): Promise<void> {
    closed = true
    clearTimeout(retry)
    unsubscribe()
    neverUp(new Error(`channel ${name} was closed`))
    const channel = ready
    ended(life)
    await channel?.close().catch(() => {})
  }
}
