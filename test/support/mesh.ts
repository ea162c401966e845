import assert from 'node:assert/strict'
import { after } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import {
  defineService,
  exchanges,
  Job,
  JobId,
  messageTypes,
  ProcessRef,
  WarrenError,
  type Code,
  type Service,
} from '@warren/contracts'
import {
  joinMesh,
  listenForControl,
  serve,
  type Handlers,
  type Logger,
  type Mesh,
  type ServeOptions,
  type Server,
} from '@warren/mesh'
import { connect, type Channel, type ChannelModel, type ConsumeMessage, type Options } from 'amqplib'
import { brokerUrl, managementUrl } from './env.ts'
import { createVirtualHost, type VirtualHost } from './stack.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

const Text = ProcessRef.pick({}).extend({ text: Job.shape.owner })

/** A service that answers with what it is told. */
export function defineDesk(name = 'desk') {
  return defineService(name, {
    operations: {
      echo: { summary: 'Say it again', input: Text, output: Text, errors: [], deadlineMs: 5_000 },
      look: {
        summary: 'The same, repeatable',
        input: Text,
        output: Text,
        errors: [],
        deadlineMs: 5_000,
        idempotent: true,
      },
      find: {
        summary: 'Fails in a way that it declares',
        input: ProcessRef.pick({}).extend({ id: JobId, count: Job.shape.progress }),
        output: Text,
        errors: ['NO_SUCH_JOB'],
        deadlineMs: 5_000,
      },
    },
    events: {
      said: {
        summary: 'Something was said',
        topic: 'desk.:id.said',
        data: ProcessRef.pick({}).extend({ id: Job.shape.owner, text: Job.shape.owner }),
      },
    },
  })
}

export const desk = defineDesk()
type Desk = typeof desk extends Service<infer Spec> ? Spec : never
type DeskHandlers = Handlers<Desk, undefined>

const handlers: DeskHandlers = {
  echo: async ({ input }) => input,
  look: async ({ input }) => input,
  find: async ({ input }) => ({ text: input.id }),
}

/** Serves a desk, with some of its handlers replaced, and waits until it can be called. */
export async function serveDesk(
  mesh: Mesh,
  own: Partial<DeskHandlers> = {},
  { service = desk, ...options }: ServeOptions & { service?: ReturnType<typeof defineDesk> } = {},
): Promise<Server> {
  const server = serve(mesh, service, undefined, { ...handlers, ...own }, options)
  await server.up
  return server
}

export interface LogEntry {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A logger that keeps what it is told. */
export function recordingLog(entries: LogEntry[] = []): Logger {
  const at = (level: string) => (fields: Record<string, unknown> | string, message?: string) => {
    entries.push(
      typeof fields === 'string' ? { level, fields: {}, message: fields } : { level, fields, message: message ?? '' },
    )
  }
  const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'].map((level) => [level, at(level)])
  const log = { ...Object.fromEntries(levels), child: () => log } as unknown as Logger
  return log
}

/** What the tests of the file have opened: undone in reverse order when they are over. */
const opened: (() => Promise<unknown>)[] = []

/** A virtual host for the tests of a file. Whatever else is opened here goes before it. */
export async function useVirtualHost(): Promise<VirtualHost> {
  const vhost = await createVirtualHost()
  opened.push(vhost.remove)
  after(leave)
  return vhost
}

/** A proxy in front of a broker. */
export async function useTcpProxy(amqpUrl: string): Promise<TcpProxy> {
  const proxy = await startTcpProxy(amqpUrl)
  opened.push(proxy.close)
  return proxy
}

export async function leave(): Promise<void> {
  for (const open of shut) open()
  for (let undo = opened.pop(); undo; undo = opened.pop()) await undo()
}

let joined = 0

/** Joins the mesh and waits until it can be used; it leaves after the tests of the file. */
export async function join(service: string, amqpUrl: string, entries?: LogEntry[]): Promise<Mesh> {
  const mesh = joinMesh(service, `i${++joined}`, amqpUrl, recordingLog(entries))
  opened.push(() => mesh.close())
  listenForControl(mesh, { version: '0', checks: async () => ({}), info: () => ({}) })
  await until('the mesh is up', () => mesh.status().broker === true, 15_000)
  return mesh
}

/** Asks until there is an answer. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  withinMs = 5_000,
): Promise<Exclude<T, undefined | false | null>> {
  const end = Date.now() + withinMs
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== false && value !== null) return value as Exclude<T, undefined | false | null>
    if (Date.now() > end) assert.fail(`not within ${withinMs} ms: ${what}`)
    await wait(10)
  }
}

/** The error that a promise is rejected with, of which the code is given. */
export async function failure(promise: Promise<unknown>, code: Code): Promise<WarrenError> {
  const error = await promise.then(
    (value) => assert.fail(`no ${code} but ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
  assert.ok(error instanceof WarrenError, String(error))
  assert.equal(error.code, code, error.message)
  return error
}

/** Runs it and tells how long that took. */
export async function timed<T>(run: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const started = performance.now()
  const value = await run()
  return { value, ms: performance.now() - started }
}

const shut: (() => void)[] = []

/** A promise to be kept by hand, or when the tests of the file are over: nothing must wait for it longer. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  shut.push(resolve)
  return { opened: promise, open: () => resolve() }
}

export interface Raw {
  readonly connection: ChannelModel
  readonly channel: Channel
}

/** Amqplib as it is, with errors of the channel ignored; it is closed after the tests of the file. */
export async function openRaw(amqpUrl: string): Promise<Raw> {
  const connection = await connect(amqpUrl, { noDelay: true })
  connection.on('error', () => {})
  opened.push(() => connection.close().catch(() => {}))
  const channel = await connection.createChannel()
  channel.on('error', () => {})
  return { connection, channel }
}

/** What happens to a message that is sent by hand, with an answer wanted. */
export async function ask(
  { channel }: Raw,
  exchange: string,
  key: string,
  body: string,
  options: Options.Publish,
): Promise<ConsumeMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<ConsumeMessage>()
  const late = setTimeout(() => reject(new Error('no answer')), 5_000)
  const take = (message: ConsumeMessage | null): void => void (message && resolve(message))
  const { consumerTag } = await channel.consume('amq.rabbitmq.reply-to', take, { noAck: true })
  channel.publish(exchange, key, Buffer.from(body), { replyTo: 'amq.rabbitmq.reply-to', ...options })
  try {
    return await promise
  } finally {
    clearTimeout(late)
    await channel.cancel(consumerTag)
  }
}

/** Hears which call a service is told to cancel. */
export async function hearCancel({ channel }: Raw, service: string): Promise<{ readonly id: string }> {
  const heard = { id: '' }
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, exchanges.control, service)
  const hear = (message: ConsumeMessage | null): void => {
    if (message?.properties.type === messageTypes.cancel) heard.id = message.properties.correlationId as string
  }
  await channel.consume(queue, hear, { noAck: true })
  return heard
}

/** How a queue stands, by its own channel, for a queue that is not there costs one; undefined when it is not there. */
export async function queueState(
  { connection }: Raw,
  queue: string,
): Promise<{ messageCount: number; consumerCount: number } | undefined> {
  const channel = await connection.createChannel()
  channel.on('error', () => {})
  const state = await channel.checkQueue(queue).catch(() => undefined)
  if (state) await channel.close()
  return state
}

/** Reads from the management API of the shared broker. */
export async function inspect<T>(path: string): Promise<T> {
  const { username, password } = new URL(brokerUrl())
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  const answer = await fetch(new URL(path, managementUrl()), { headers: { authorization: `Basic ${credentials}` } })
  assert.equal(answer.status, 200, path)
  return (await answer.json()) as T
}

interface BrokerConnection {
  readonly name: string
  readonly client_properties?: { readonly connection_name?: string }
}

export async function connectionsOf(vhost: string): Promise<readonly BrokerConnection[]> {
  return inspect<readonly BrokerConnection[]>(`/api/vhosts/${vhost}/connections`)
}
