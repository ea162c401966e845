import { directReplyTo, exchanges, frameHeaders, frameTypes } from '@warren/contracts'
import type { ConfirmChannel, ConsumeMessage, Message, Options } from 'amqplib'
import { superviseConfirmChannel } from '../channel.ts'
import type { Connection } from '../connection.ts'
import type { Logger } from '../log.ts'
import { declareExchanges } from '../topology.ts'
import { reclaim } from './reclaim.ts'
import { NO_SEQUENCE, readFrame, type Frame, type FrameHeaders, type FrameType } from './frame.ts'

/** One end of an exchange, as its lane sees it. */
export interface Party {
  /** Where the other end listens, once it is known. */
  peer(): string | undefined
  received(frame: Frame): void
  /** The other end is not there any more, or this lane is not. */
  lost(whose: 'peer' | 'lane'): void
  /** The request could not be delivered: nobody serves the app, or its queue is full. */
  refused(how: 'unroutable' | 'full'): void
  /** Time to look after the other end. */
  tick(now: number): void
}

export interface Post {
  readonly type: FrameType
  readonly id: string
  readonly sequence: number
  readonly headers?: FrameHeaders | undefined
  readonly body?: Buffer | undefined
  /** Tells where answers go. */
  readonly withAddress?: boolean
}

/**
 * A channel that sends and receives frames. The channel that publishes is the one that consumes the direct reply-to
 * address, so that each end can tell the other one where it listens, and no exchange needs a queue.
 */
export interface Lane {
  readonly up: Promise<void>
  isUp(): boolean
  join(id: string, party: Party): void
  leave(id: string): void
  size(): number
  /** Where the other ends of the exchanges listen. */
  peers(): Iterable<string>
  /** Nobody listens there any more. */
  gone(address: string): void
  /** Lets each exchange look after its other end. */
  tick(): void
  /** Sends a frame to an address. Nothing when the lane is down: the party hears of that. */
  post(to: string, post: Post): void
  /** Sends the frame that opens an exchange to whoever serves the app. */
  open(app: string, post: Post, properties: Options.Publish): void
  /** When too much waits to be written: until it has been. */
  room(): Promise<void> | undefined
  close(): Promise<void>
}

/** Buffers of amqplib's that may wait in a channel; a frame takes two. Its own limit is a thousand. */
const BUFFERS_MOST = 16

export function createLane(
  connection: Connection,
  { name, sender }: { name: string; sender: string },
  log: Logger,
): Lane {
  const parties = new Map<string, Party>()
  let full: PromiseWithResolvers<void> | undefined
  const supervised = superviseConfirmChannel(connection, {
    name,
    log,
    highWaterMark: BUFFERS_MOST,
    setup: async (channel, gone) => {
      await declareExchanges(channel)
      channel.on('return', returned)
      channel.on('drain', drained)
      // before the first publish, else the broker closes the channel
      await channel.consume(directReplyTo, (message) => received(channel, message), { noAck: true })
      // not before: parties that wait for a channel lose nothing with one that could not be set up
      gone.addEventListener('abort', lost)
    },
  })
  return {
    up: supervised.up,
    isUp: () => supervised.current() !== undefined,
    join: (id, party) => void parties.set(id, party),
    leave: (id) => void parties.delete(id),
    size: () => parties.size,
    peers,
    gone,
    tick: () => parties.forEach((party) => party.tick(Date.now())),
    post,
    open,
    room: () => full?.promise,
    close,
  }

  function lost(): void {
    drained()
    for (const party of parties.values()) party.lost('lane')
  }

  function peers(): Iterable<string> {
    return new Set([...parties.values()].flatMap((party) => party.peer() ?? []))
  }

  function gone(address: string): void {
    for (const party of parties.values()) if (party.peer() === address) party.lost('peer')
  }

  function post(to: string, { type, id, sequence, headers, body, withAddress }: Post): void {
    publish('', to, body, {
      type,
      correlationId: id,
      headers: { ...headers, [frameHeaders.sequence]: sequence },
      ...(withAddress && { replyTo: directReplyTo }),
    })
  }

  function open(app: string, { type, id, sequence, headers, body }: Post, properties: Options.Publish): void {
    const done = (error: unknown): void => {
      if (error) parties.get(id)?.refused('full')
    }
    publish(
      exchanges.stream,
      app,
      body,
      {
        ...properties,
        // n.b. on direct replies it would say nothing: RabbitMQ 3.10 returns those that arrive too, 4.2 none
        mandatory: true,
        type,
        correlationId: id,
        replyTo: directReplyTo,
        headers: { ...headers, [frameHeaders.sequence]: sequence },
      },
      done,
    )
  }

  function publish(
    exchange: string,
    key: string,
    body: Buffer = empty,
    properties: Options.Publish = {},
    confirmed: (error: unknown) => void = ignore,
  ): void {
    const channel = supervised.current()
    reclaim(body.byteLength)
    if (!channel) return
    const written = channel.publish(exchange, key, body, { ...properties, appId: sender }, confirmed)
    if (!written) full ??= Promise.withResolvers()
  }

  function drained(): void {
    full?.resolve()
    full = undefined
  }

  function received(channel: ConfirmChannel, message: ConsumeMessage | null): void {
    if (!message) return supervised.renew()
    if (channel !== supervised.current()) return
    reclaim(message.content.byteLength)
    const id = message.properties.correlationId as string
    const frame = readFrame(message)
    if (!frame) return
    const party = parties.get(id)
    if (party) return party.received(frame)
    // whoever tells where it listens wants to know that nobody is here
    if (frame.replyTo === undefined || frame.type === frameTypes.cancel) return
    post(frame.replyTo, {
      type: frameTypes.cancel,
      id,
      sequence: NO_SEQUENCE,
      headers: { [frameHeaders.reason]: 'unknown' },
    })
  }

  function returned({ properties }: Message): void {
    parties.get(properties.correlationId as string)?.refused('unroutable')
  }

  async function close(): Promise<void> {
    await supervised
      .current()
      ?.waitForConfirms()
      .catch(() => {})
    await supervised.close()
  }
}

const empty = Buffer.alloc(0)

function ignore(): void {}
