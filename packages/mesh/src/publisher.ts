import type { WarrenError } from '@warren/contracts'
import type { ConfirmChannel, Message, Options } from 'amqplib'
import { superviseChannel, superviseConfirmChannel } from './channel.ts'
import type { Connection } from './connection.ts'
import { unavailable } from './failures.ts'
import type { Logger } from './log.ts'
import { declareExchanges } from './topology.ts'

export interface Publication {
  readonly exchange: string
  readonly key: string
  readonly body: Buffer
  readonly properties: Options.Publish & { messageId: string }
  /** Report when no queue takes it, instead of dropping it silently. */
  readonly mandatory?: boolean
}

export interface Publisher {
  /**
   * Publishes and waits for the broker's confirm: after that it is the broker's.
   *
   * @returns whether a queue took it; only told with `mandatory`, else always true
   * @throws WarrenError UNAVAILABLE when it was refused, or nothing is known of its fate: send it again, same messageId
   */
  publish(publication: Publication): Promise<boolean>
  /** Sends without a confirm. For replies: the caller's deadline covers their loss. Returns false when it cannot. */
  send(exchange: string, key: string, body: Buffer, properties: Options.Publish): boolean
  status(): true | string
  close(): Promise<void>
}

/** amqplib keeps unconfirmed messages in an array that it shifts; a few hundred is also where RabbitMQ is fastest. */
const WINDOW = 256
const WAITING_MOST = 10_000
const CONFIRM_MS = 10_000

interface Unconfirmed {
  readonly publication: Publication
  readonly resolve: (routed: boolean) => void
  readonly reject: (error: WarrenError) => void
  routed: boolean
}

/** Everything that a service publishes, on a connection of its own: a blocked publisher must not freeze acks. */
export function createPublisher(connection: Connection, name: string, log: Logger): Publisher {
  const unconfirmed = new Set<Unconfirmed>()
  const waiting: Unconfirmed[] = []
  const confirming = superviseConfirmChannel(connection, {
    name: `${name}.publish`,
    log,
    setup: async (channel, gone) => {
      await declareExchanges(channel)
      channel.on('return', returned)
      gone.addEventListener('abort', () => failAll('The connection to the broker was lost before it confirmed'))
      setImmediate(fill)
    },
  })
  const sending = superviseChannel(connection, { name: `${name}.send`, log, setup: async () => {} })
  return { publish, send, status, close }

  function publish(publication: Publication): Promise<boolean> {
    if (waiting.length >= WAITING_MOST) return Promise.reject(unavailable('Too many messages wait for the broker'))
    return new Promise((resolve, reject) => {
      waiting.push({ publication, resolve, reject, routed: true })
      fill()
    })
  }

  function fill(): void {
    const channel = confirming.current()
    if (!channel || connection.blocked()) {
      const reason = channel ? 'The broker accepts no messages now' : 'The broker is not reachable'
      for (const entry of waiting.splice(0)) entry.reject(unavailable(reason))
      return
    }
    while (unconfirmed.size < WINDOW && waiting.length > 0) put(channel, waiting.shift() as Unconfirmed)
  }

  function put(channel: ConfirmChannel, entry: Unconfirmed): void {
    const { exchange, key, body, properties, mandatory = false } = entry.publication
    const late = setTimeout(() => settle(entry, unavailable('The broker did not confirm in time')), CONFIRM_MS)
    unconfirmed.add(entry)
    channel.publish(exchange, key, body, { ...properties, mandatory }, (error: unknown) => {
      clearTimeout(late)
      settle(entry, error ? unavailable('The broker refused the message') : undefined)
    })
  }

  function settle(entry: Unconfirmed, error?: WarrenError): void {
    if (!unconfirmed.delete(entry)) return
    if (error) entry.reject(error)
    else entry.resolve(entry.routed)
    fill()
  }

  // the broker sends `basic.return` before the confirm of the same message
  function returned(message: Message): void {
    const id = message.properties.messageId as string
    for (const entry of unconfirmed) if (entry.publication.properties.messageId === id) entry.routed = false
  }

  function failAll(reason: string): void {
    const entries = [...unconfirmed, ...waiting.splice(0)]
    unconfirmed.clear()
    for (const entry of entries) entry.reject(unavailable(reason))
  }

  function send(exchange: string, key: string, body: Buffer, properties: Options.Publish): boolean {
    const channel = sending.current()
    channel?.publish(exchange, key, body, properties)
    return channel !== undefined
  }

  function status(): true | string {
    if (!confirming.current() || !sending.current()) return 'broker'
    return connection.blocked() ? 'broker (it blocks publishers: memory or disk alarm)' : true
  }

  async function close(): Promise<void> {
    await confirming
      .current()
      ?.waitForConfirms()
      .catch(() => {})
    await confirming.close()
    await sending.close()
  }
}
