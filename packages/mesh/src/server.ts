import {
  exchanges,
  headers,
  queues,
  toProblem,
  violations,
  WarrenError,
  commonErrors,
  type Code,
  type ErrorDetails,
  type Operation,
  type OperationSpec,
  type Service,
  type ServiceSpec,
} from '@warren/contracts'
import { nanoid } from 'nanoid'
import type { z } from 'zod'
import { incomingCall, type IncomingCall } from './call.ts'
import type { RawReply } from './client.ts'
import { consume, type Consumer } from './consumer.ts'
import type { Delivery } from './settling.ts'
import type { Logger } from './log.ts'
import type { Mesh } from './mesh.ts'
import { callQueue, type QueueSpec } from './topology.ts'

type CommonCode = (typeof commonErrors)[number]

/** What a handler gets. */
export interface Call<O extends OperationSpec = OperationSpec, C = unknown> {
  /** Validated; for raw requests it is the text, unread. */
  readonly input: O extends { raw: { request: true } } ? string : z.infer<O['input']>
  readonly context: C
  /** Makes the error to throw; only codes that the operation declares, or common ones. */
  readonly fail: (code: O['errors'][number] | CommonCode, detail?: string, details?: ErrorDetails) => WarrenError
  /** Aborts when the deadline passes, the caller cancels or the delivery is lost. */
  readonly signal: AbortSignal
  /** Epoch ms. */
  readonly deadline: number
  /** The routing key that it came by. */
  readonly key: string
  readonly principal: string
  readonly roles: readonly string[]
  /** One per intent: the same when the call is sent again; empty when the caller gave none. */
  readonly messageId: string
  /** The caller's word that calls with the same key are one intent; it counts within the principal. */
  readonly idempotencyKey: string | undefined
  /** W3C trace context, for what is called or started in turn. */
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
  readonly requestId: string | undefined
  readonly log: Logger
}

export type ReplyBy<O extends OperationSpec> = O extends { raw: { reply: true } }
  ? { body: string; headers?: Readonly<Record<string, string | number>> }
  : z.input<O['output']>

export type Handler<O extends OperationSpec, C> = (call: Call<O, C>) => Promise<ReplyBy<O>>

export type Handlers<S extends ServiceSpec, C> = {
  readonly [Key in keyof S['operations']]: Handler<S['operations'][Key], C>
}

/** Ties handlers to the context type of a service: `export const handle = handler<Context>()`. */
export function handler<C>() {
  return <O extends OperationSpec>(_operation: O, handle: Handler<O, C>): Handler<O, C> => handle
}

export interface ServeOptions {
  /** Calls handled at a time. */
  readonly prefetch?: number
  /** Makes an error of a library one of ours, such as "the database is down" → UNAVAILABLE. */
  readonly translate?: (error: unknown) => WarrenError | undefined
}

export interface Server {
  readonly up: Promise<void>
  status(): true | string
  /** Changes how many calls are handled at a time. */
  setPrefetch(count: number): Promise<void>
  /** Stops intake, waits for the calls under way, closes. */
  close(): Promise<void>
}

const PREFETCH = 100

/** Serves every operation of a service that has no route of its own, from the queue `rpc.<service>`. */
export function serve<S extends ServiceSpec, C>(
  mesh: Mesh,
  service: Service<S>,
  context: C,
  handlers: Handlers<S, C>,
  options: ServeOptions = {},
): Server {
  const bound = Object.values<Operation>(service.operations)
    .filter(({ route }) => !route)
    .map((operation) => ({ operation, handle: handlers[operation.key] as unknown as Handler<OperationSpec, C> }))
  const queue = callQueue(queues.rpc(service.name), { exchange: exchanges.rpc, key: service.name })
  return serveQueue(mesh, queue, bound, context, options)
}

/** Serves one operation from a queue of its own. */
export function serveOperation<O extends Operation, C>(
  mesh: Mesh,
  operation: O,
  queue: QueueSpec,
  context: C,
  handle: Handler<O, C>,
  options: ServeOptions = {},
): Server {
  return serveQueue(
    mesh,
    queue,
    [{ operation, handle: handle as unknown as Handler<OperationSpec, C> }],
    context,
    options,
  )
}

interface Bound<C> {
  readonly operation: Operation
  readonly handle: Handler<OperationSpec, C>
}

function serveQueue<C>(
  mesh: Mesh,
  queue: QueueSpec,
  bound: readonly Bound<C>[],
  context: C,
  { prefetch = PREFETCH, translate }: ServeOptions,
): Server {
  const byType = new Map<string | undefined, Bound<C>>(bound.map((entry) => [entry.operation.type, entry]))
  // where there is no choice nobody has to say what is meant
  if (bound.length === 1) byType.set(undefined, bound[0] as Bound<C>)
  const underWay = new Set<Promise<void>>()
  const consumer: Consumer = consume(mesh.consuming, { queue, prefetch, log: mesh.log, onDelivery })
  const { up, status, setPrefetch } = consumer
  const server = { up, status, setPrefetch, close, queue: queue.name, underWay: () => underWay.size }
  mesh.servers.add(server)
  return server

  function onDelivery(delivery: Delivery): void {
    const call = incomingCall(delivery, mesh)
    if (call.isOver()) {
      call.end()
      return delivery.ack() // nobody waits for the answer any more
    }
    const work = answer(call, delivery).finally(() => underWay.delete(work))
    underWay.add(work)
  }

  async function answer(call: IncomingCall, delivery: Delivery): Promise<void> {
    const { type } = call
    const entry = byType.get(type)
    const started = performance.now()
    let failure: WarrenError | undefined
    call.begin(queue.name)
    try {
      if (!entry) throw new WarrenError('UNIMPLEMENTED', `"${type ?? ''}" is no operation of ${queue.name}`)
      const reply = await handle(entry, call)
      call.reply(reply.body, reply.headers)
    } catch (error) {
      failure = presentable(error, entry?.operation, call)
      call.reply(JSON.stringify(toProblem(failure)), { [headers.error]: failure.code })
    }
    call.end(failure?.code)
    mesh.stats.count(entry?.operation.type ?? '?', performance.now() - started, failure?.code)
    delivery.ack() // after the reply: a crash in between repeats the call rather than losing the answer
  }

  async function handle({ operation, handle }: Bound<C>, call: IncomingCall): Promise<RawReply> {
    const text = call.body()
    const input = operation.raw?.request ? text : parse(operation.input, text)
    const fail = (code: Code, detail?: string, details?: ErrorDetails): WarrenError =>
      new WarrenError(code, detail, details)
    const output = await handle(call.present({ input, context, fail }) as Call<OperationSpec, C>)
    if (operation.raw?.reply) return output as RawReply
    const checked = operation.output.safeParse(output)
    if (!checked.success) throw new Error(`the output of ${operation.type} does not fit: ${checked.error.message}`)
    return { body: JSON.stringify(checked.data), headers: {} }
  }

  function presentable(error: unknown, operation: Operation | undefined, call: IncomingCall): WarrenError {
    const known = error instanceof WarrenError ? error : translate?.(error)
    if (known && (isCommon(known.code) || !operation || operation.errors.includes(known.code))) return known
    if (call.signal().aborted) return new WarrenError('TIMEOUT')
    const supportId = nanoid(12)
    call.log().error({ err: error, supportId }, 'unexpected error')
    return new WarrenError('INTERNAL', `Something went wrong here; the log has it under ${supportId}`, {
      more: { supportId },
    })
  }

  async function close(): Promise<void> {
    await consumer.pause()
    await Promise.allSettled(underWay)
    await consumer.close({ removeUnused: true })
    mesh.servers.delete(server)
  }
}

function isCommon(code: Code): boolean {
  return (commonErrors as readonly Code[]).includes(code)
}

function parse(schema: z.ZodType, text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new WarrenError('BAD_INPUT', `The body is not JSON: ${(error as Error).message}`)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new WarrenError('BAD_INPUT', undefined, { errors: violations(parsed.error, value) })
}
