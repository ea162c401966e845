import { directReplyTo, headers, messageTypes, WarrenError, exchanges } from '@warren/contracts'
import { setTimeout as wait } from 'node:timers/promises'
import type { ConsumeMessage, Message, Options } from 'amqplib'
import { nanoid } from 'nanoid'
import { superviseConfirmChannel } from './channel.ts'
import type { Connection } from './connection.ts'
import { connectionLost, problemOf, timeout, unavailable, unroutable } from './failures.ts'
import type { Logger } from './log.ts'
import { watchStalledCalls } from './stalled-calls.ts'
import { declareExchanges } from './topology.ts'

/** One message that wants an answer. */
export interface Request {
  readonly exchange: string
  readonly key: string
  readonly type: string
  readonly body: Buffer
  /** Epoch ms. The caller's timer, the message's expiration and the callee's abort signal are all this one deadline. */
  readonly deadline: number
  /** One per intent: kept when the same request is sent again. */
  readonly messageId: string
  readonly headers?: Readonly<Record<string, string | number>>
  readonly signal?: AbortSignal | undefined
  /** Queue whose consumers are looked at when no answer comes. */
  readonly queue?: string
  /** Service that hears of a cancelled call. */
  readonly service?: string
}

export interface Requester {
  /** @throws WarrenError by what the callee answered, or UNROUTABLE, UNAVAILABLE, TIMEOUT, PEER_LOST, CANCELLED */
  request(request: Request): Promise<ConsumeMessage>
  /** Collects the answers of many until `enough` of them are there or `waitMs` has passed. */
  gather(
    key: string,
    type: string,
    waitMs: number,
    enough: (answers: readonly ConsumeMessage[]) => boolean,
  ): Promise<ConsumeMessage[]>
  /** Waits until requests can be sent, or the time is over. */
  ready(waitMs: number): Promise<void>
  pending(): number
  status(): true | string
  close(): Promise<void>
}

/** Over it callers hear 503 at once: an unbounded buffer only makes every answer late. */
const PENDING_MOST = 2_000

interface Pending extends Request {
  /** Stays after an answer, because others will come. */
  readonly many?: true
  readonly since: number
  readonly answered: (message: ConsumeMessage) => void
  readonly failed: (error: WarrenError) => void
}

/**
 * Requests and their answers, on a connection of its own. The channel that publishes is the one that consumes the
 * direct reply-to address, as RabbitMQ demands. Every pending call is settled exactly once, because each way out goes
 * through `take`, which forgets the call.
 */
export function createRequester(
  connection: Connection,
  sender: { name: string; userId: string },
  log: Logger,
): Requester {
  const pending = new Map<string, Pending>()
  const stalled = watchStalledCalls(
    connection,
    () => pending.values(),
    (queue) => {
      for (const [id, call] of pending) if (call.queue === queue) take(id)?.failed(unroutable(call.key))
    },
  )
  const supervised = superviseConfirmChannel(connection, {
    name: `${sender.name}.request`,
    log,
    setup: async (channel, gone) => {
      await declareExchanges(channel)
      channel.on('return', returned)
      // before the first publish, else the broker closes the channel
      await channel.consume(directReplyTo, answered, { noAck: true })
      gone.addEventListener('abort', () => failAll(connectionLost))
    },
  })
  return { request, gather, ready, pending: () => pending.size, status, close }

  function request(wanted: Request): Promise<ConsumeMessage> {
    return new Promise((resolve, reject) => {
      const channel = supervised.current()
      const id = nanoid()
      const left = wanted.deadline - Date.now()
      if (wanted.signal?.aborted) return reject(new WarrenError('CANCELLED'))
      if (left <= 0) return reject(timeout())
      if (!channel) return reject(unavailable('The broker is not reachable'))
      if (connection.blocked()) return reject(unavailable('The broker accepts no messages now'))
      if (pending.size >= PENDING_MOST) return reject(unavailable('Too many calls are under way'))
      const timer = setTimeout(() => {
        if (take(id)) reject(timeout())
      }, left)
      const abort = wanted.signal ? () => cancel(id) : undefined
      const done = (): void => {
        clearTimeout(timer)
        if (abort) wanted.signal?.removeEventListener('abort', abort)
      }
      if (abort) wanted.signal?.addEventListener('abort', abort)
      // registered before it is published: a fast answer can overtake the confirm
      pending.set(id, {
        ...wanted,
        since: Date.now(),
        answered: (message) => {
          done()
          resolve(message)
        },
        failed: (error) => {
          done()
          reject(error)
        },
      })
      publish(id, wanted, { expiration: Math.ceil(left), mandatory: true })
      stalled.watch()
    })
  }

  function publish(
    id: string,
    { exchange, key, body, type, messageId, deadline, headers: more }: Request,
    options: Options.Publish,
  ): void {
    supervised.current()?.publish(
      exchange,
      key,
      body,
      {
        ...options,
        type,
        messageId,
        correlationId: id,
        replyTo: directReplyTo,
        contentType: 'application/json',
        timestamp: Math.floor(Date.now() / 1_000),
        appId: sender.name,
        userId: sender.userId,
        headers: { ...more, [headers.deadline]: deadline },
      },
      (error: unknown) => {
        if (error) take(id)?.failed(unavailable('The queue of the service is full'))
      },
    )
  }

  function failAll(why: () => WarrenError): void {
    for (const id of pending.keys()) take(id)?.failed(why())
  }

  function take(id: string): Pending | undefined {
    const call = pending.get(id)
    pending.delete(id)
    return call
  }

  function answered(message: ConsumeMessage | null): void {
    if (!message) return supervised.renew()
    const id = message.properties.correlationId as string
    const call = pending.get(id)
    if (!call) return log.debug({ correlationId: id }, 'answer to a call that nobody waits for')
    if (call.many) return call.answered(message) // `gather` forgets the call
    pending.delete(id)
    const failure = message.properties.headers?.[headers.error] as string | undefined
    if (failure === undefined) call.answered(message)
    else call.failed(problemOf(message))
  }

  function returned(message: Message): void {
    const call = take(message.properties.correlationId as string)
    call?.failed(unroutable(call.key))
  }

  function cancel(id: string): void {
    const call = take(id)
    if (!call) return
    call.failed(new WarrenError('CANCELLED'))
    // whoever took the call is not known here, so all instances of the service hear of it
    if (call.service) tell(call.service, messageTypes.cancel, id)
  }

  function tell(key: string, type: string, id: string): void {
    supervised
      .current()
      ?.publish(exchanges.control, key, Buffer.from('{}'), { type, correlationId: id, appId: sender.name })
  }

  function gather(
    key: string,
    type: string,
    waitMs: number,
    enough: (answers: readonly ConsumeMessage[]) => boolean,
  ): Promise<ConsumeMessage[]> {
    const id = nanoid()
    const answers: ConsumeMessage[] = []
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        take(id)
        resolve(answers)
      }
      const timer = setTimeout(finish, waitMs)
      const call = {
        exchange: exchanges.control,
        key,
        type,
        body: Buffer.from('{}'),
        deadline: Date.now() + waitMs,
        messageId: id,
      }
      pending.set(id, {
        ...call,
        many: true,
        since: Infinity,
        answered: (message) => {
          answers.push(message)
          if (enough(answers)) finish()
        },
        failed: finish,
      })
      if (supervised.current()) publish(id, call, { expiration: waitMs })
      else finish()
    })
  }

  async function ready(waitMs: number): Promise<void> {
    const until = Date.now() + waitMs
    while (!supervised.current() && Date.now() < until) await wait(20)
  }

  function status(): true | string {
    if (!supervised.current()) return 'broker'
    return connection.blocked() ? 'broker (it blocks publishers: memory or disk alarm)' : true
  }

  async function close(): Promise<void> {
    stalled.stop()
    failAll(() => unavailable('The service is stopping'))
    await supervised.close()
  }
}
