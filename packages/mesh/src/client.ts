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
import { nanoid } from 'nanoid'
import type { z } from 'zod'
import type { Mesh } from './mesh.ts'

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
  readonly traceparent?: string
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

async function call(mesh: Mesh, operation: Operation, input: unknown, options: CallOptions = {}): Promise<unknown> {
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
    messageId: options.messageId ?? nanoid(),
    headers: callHeaders(options),
    signal: options.signal,
    queue: operation.route ? queues.execute(route.key) : queues.rpc(operation.service),
    service: operation.service,
  }
  const reply = await mesh.requester.request(request).catch(async (error: unknown) => {
    if (!operation.idempotent || !(error instanceof WarrenError) || error.code !== 'PEER_LOST') throw error
    await mesh.requester.ready(RESEND_WAIT_MS)
    return mesh.requester.request(request)
  })
  return readReply(operation, reply)
}

function callHeaders({ principal, roles, traceparent }: CallOptions): Record<string, string> {
  return {
    ...(principal && { [headers.principal]: principal }),
    ...(roles?.length && { [headers.roles]: roles.join(',') }),
    ...(traceparent && { [headers.traceparent]: traceparent }),
  }
}

function readReply(operation: Operation, reply: ConsumeMessage): unknown {
  const body = reply.content.toString()
  if (operation.raw?.reply) return { body, headers: reply.properties.headers ?? {} } satisfies RawReply
  return JSON.parse(body) // the callee validated it against the same schema
}
