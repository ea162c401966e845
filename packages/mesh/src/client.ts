import {
  exchanges,
  headers,
  queues,
  WarrenError,
  type Operation,
  type OperationSpec,
  type Service,
  type ServiceSpec,
} from '@warren/contracts'
import type { ConsumeMessage } from 'amqplib'
import type { z } from 'zod'
import { orderedId } from './ids.ts'
import type { Mesh } from './mesh.ts'
import { inSpan } from './trace.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  /** ms from now; the operation's own deadline unless told */
  readonly deadlineMs?: number
  /** Epoch ms that the call must not outlive: the deadline of the call that this one serves. */
  readonly deadline?: number
  readonly principal?: string
  readonly roles?: readonly string[]
  /** Same intent, same id, however often it is sent. */
  readonly messageId?: string
  /** Lets a call be sent again that is not idempotent by itself: the service answers for one key once. */
  readonly idempotencyKey?: string
  /** W3C trace context of what makes the call */
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
  /** Of the HTTP request that the call serves. */
  readonly requestId?: string | undefined
}

/** An answer that is passed on as it is. */
export interface RawReply {
  /** JSON text */
  readonly body: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** A request that is passed on as it is: JSON text, and the routing key where the operation has a route. */
export interface RawRequest {
  readonly body: string
  readonly key?: string
}

export type RequestOf<O extends OperationSpec> = O extends { raw: { request: true } } ? RawRequest : z.input<O['input']>
export type ReplyOf<O extends OperationSpec> = O extends { raw: { reply: true } } ? RawReply : z.infer<O['output']>

/** One function for each operation. @throws WarrenError with a code that the operation declares, or a common one */
export type Client<S extends ServiceSpec> = {
  readonly [Key in keyof S['operations']]: (
    input: RequestOf<S['operations'][Key]>,
    options?: CallOptions,
  ) => Promise<ReplyOf<S['operations'][Key]>>
}

/** How long an idempotent call that lost its peer waits for the broker to come back before it is sent again. */
const RESEND_WAIT_MS = 2_000

export function client<S extends ServiceSpec>(service: Service<S>, mesh: Mesh): Client<S> {
  const calls = Object.values<Operation>(service.operations).map((operation) => {
    return [operation.key, (input: unknown, options?: CallOptions) => call(mesh, operation, input, options)]
  })
  return Object.fromEntries(calls) as Client<S>
}

function call(mesh: Mesh, operation: Operation, input: unknown, options: CallOptions = {}): Promise<unknown> {
  if (!mesh.tracer) return send(mesh, operation, input, options)
  const { route, service, type } = operation
  const start = {
    name: `call ${type}`,
    kind: 'client',
    parent: options,
    attributes: {
      'messaging.system': 'rabbitmq',
      'messaging.operation.type': 'send',
      'messaging.operation.name': 'call',
      'messaging.destination.template': route ? `${route.exchange}:{${route.key}}` : `${exchanges.rpc}:${service}`,
      'rpc.method': type,
    },
  } as const
  return inSpan(mesh.tracer, start, ({ traceparent, tracestate }) =>
    send(mesh, operation, input, {
      ...options,
      ...(traceparent && { traceparent }),
      ...(tracestate && { tracestate }),
    }),
  )
}

async function send(mesh: Mesh, operation: Operation, input: unknown, options: CallOptions): Promise<unknown> {
  const { body, key } = operation.raw?.request ? (input as RawRequest) : { body: JSON.stringify(input), key: undefined }
  const route = operation.route
    ? {
        exchange: operation.route.exchange,
        key: key ?? String((input as Record<string, unknown>)[operation.route.key]),
      }
    : { exchange: exchanges.rpc, key: operation.service }
  const request = {
    ...route,
    type: operation.type,
    body: Buffer.from(body),
    deadline: Math.min(Date.now() + (options.deadlineMs ?? operation.deadlineMs), options.deadline ?? Infinity),
    messageId: options.messageId ?? orderedId(),
    headers: callHeaders(options),
    signal: options.signal,
    queue: operation.route ? queues[operation.route.queue](route.key) : queues.rpc(operation.service),
    service: operation.service,
  }
  const reply = await mesh.requester.request(request).catch(async (error: unknown) => {
    const repeatable = operation.idempotent || options.idempotencyKey !== undefined
    if (!repeatable || !(error instanceof WarrenError) || error.code !== 'PEER_LOST') throw error
    await mesh.requester.ready(RESEND_WAIT_MS)
    return mesh.requester.request(request)
  })
  return readReply(operation, reply)
}

function callHeaders(options: CallOptions): Record<string, string> {
  const { principal, roles, traceparent, tracestate, requestId, idempotencyKey } = options
  const made: Record<string, string> = {}
  if (principal) made[headers.principal] = principal
  if (roles?.length) made[headers.roles] = roles.join(',')
  if (traceparent) made[headers.traceparent] = traceparent
  if (traceparent && tracestate) made[headers.tracestate] = tracestate
  if (requestId) made[headers.requestId] = requestId
  if (idempotencyKey !== undefined) made[headers.idempotencyKey] = idempotencyKey
  return made
}

function readReply(operation: Operation, reply: ConsumeMessage): unknown {
  const body = reply.content.toString()
  if (operation.raw?.reply) return { body, headers: reply.properties.headers ?? {} } satisfies RawReply
  return JSON.parse(body) // the callee validated it against the same schema
}
