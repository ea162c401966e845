import { headers, LOCAL } from '@warren/contracts'
import type { Delivery } from './settling.ts'
import type { Logger } from './log.ts'
import type { Mesh } from './mesh.ts'
import type { Span, TraceContext } from './span.ts'
import { readTraceContext, traceIdOf } from './trace.ts'

/** A request that was delivered: its envelope read, its answer not yet sent. */
export interface IncomingCall {
  /** Which operation is meant; some tools can set headers only. */
  readonly type: string | undefined
  /** Made when first asked for: most calls are over before anybody does. */
  signal(): AbortSignal
  log(): Logger
  body(): string
  /** The deadline has passed, or the caller has gone. */
  isOver(): boolean
  /** What a handler gets, made of the envelope and the given members. */
  present(more: Given): object
  reply(body: string, more?: Readonly<Record<string, unknown>>): void
  /** Handling begins: what it calls in turn belongs to its span. */
  begin(queue: string): void
  /** Forgets the call: nothing aborts it any more. */
  end(error?: string): void
}

/** What whoever handles the call adds to what the envelope says. */
interface Given {
  readonly input: unknown
  readonly context: unknown
  readonly fail: unknown
}

interface Envelope {
  readonly correlationId?: string
  readonly replyTo?: string
  readonly messageId?: string
}

/** Why the signal of a call aborted that the broker is going to deliver again, here or elsewhere. */
const DELIVERY_LOST = 'the delivery was lost'

export function isDeliveryLost(signal: AbortSignal): boolean {
  return signal.aborted && (signal.reason as Error).message === DELIVERY_LOST
}

const LONGEST_TIMER_MS = 2 ** 31 - 1
/** The calls under way on this instance, so that a cancel message finds the one it means. */
export function incomingCall(delivery: Delivery, mesh: Mesh): IncomingCall {
  const { properties, content, fields } = delivery.message
  const { correlationId, replyTo, messageId } = properties as Envelope
  const envelope = properties.headers ?? {}
  const type = (properties.type ?? envelope[headers.type]) as string | undefined
  const deadline = deadlineOf(envelope[headers.deadline], properties.expiration)
  const requestId = textOf(envelope[headers.requestId])
  let trace: TraceContext = readTraceContext(envelope[headers.traceparent], envelope[headers.tracestate])
  let span: Span | undefined
  let controller: AbortController | undefined
  let timer: NodeJS.Timeout | undefined
  const call: IncomingCall = {
    type,
    signal,
    log,
    body: () => content.toString(),
    isOver: () => deadline <= Date.now() || (correlationId !== undefined && mesh.cancelled.has(correlationId)),
    present,
    reply,
    begin,
    end,
  }
  return call

  function log(): Logger {
    return mesh.log.child({ call: type, correlationId, requestId, traceId: traceIdOf(trace) })
  }

  function signal(): AbortSignal {
    if (controller) return controller.signal
    const abort = (reason: string): void => controller?.abort(new Error(reason))
    controller = new AbortController()
    timer = setTimeout(() => abort('the deadline passed'), Math.min(deadline - Date.now(), LONGEST_TIMER_MS))
    if (correlationId) mesh.abortable.set(correlationId, () => abort('the caller went away'))
    delivery.onLost(() => abort(DELIVERY_LOST))
    if (correlationId && mesh.cancelled.has(correlationId)) abort('the caller went away')
    return controller.signal
  }

  function present(more: Given): object {
    return new Presented(call, {
      ...more,
      deadline,
      key: fields.routingKey,
      principal: envelope[headers.principal] ?? LOCAL,
      roles: String(envelope[headers.roles] ?? '')
        .split(',')
        .filter(Boolean),
      // not the correlation id in its place: by hand that is the same for many a call
      messageId: messageId ?? '',
      idempotencyKey: textOf(envelope[headers.idempotencyKey]),
      traceparent: trace.traceparent,
      tracestate: trace.tracestate,
      requestId,
    })
  }

  function reply(body: string, more: Readonly<Record<string, unknown>> = {}): void {
    if (!replyTo) return // sent by hand, without wanting an answer
    const sent = mesh.publisher.send('', replyTo, Buffer.from(body), {
      type: type ?? '',
      contentType: headers.error in more ? 'application/problem+json' : 'application/json',
      appId: mesh.name,
      ...(correlationId && { correlationId }),
      headers: more,
    })
    if (!sent) mesh.log.warn({ call: type, correlationId }, 'the reply could not be sent: no broker')
  }

  function begin(queue: string): void {
    span = mesh.tracer?.start({
      name: `process ${type ?? queue}`,
      kind: 'server',
      parent: trace,
      attributes: {
        'messaging.system': 'rabbitmq',
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'process',
        'messaging.destination.name': `${fields.exchange}:${fields.routingKey}:${queue}`,
        'messaging.rabbitmq.destination.routing_key': fields.routingKey,
        ...(messageId && { 'messaging.message.id': messageId }),
        ...(correlationId && { 'messaging.message.conversation_id': correlationId }),
        ...(requestId && { 'warren.request.id': requestId }),
      },
    })
    if (span) trace = span.context
  }

  function end(error?: string): void {
    span?.end({ error })
    clearTimeout(timer)
    if (correlationId && controller) mesh.abortable.delete(correlationId)
  }
}

/** A class, because getters in a literal are defined for each object anew: and slowly. */
class Presented {
  readonly #call: IncomingCall

  constructor(call: IncomingCall, members: object) {
    this.#call = call
    Object.assign(this, members)
  }

  get signal(): AbortSignal {
    return this.#call.signal()
  }

  get log(): Logger {
    return this.#call.log()
  }
}

function textOf(header: unknown): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function deadlineOf(header: unknown, expiration: unknown): number {
  if (typeof header === 'number' && Number.isFinite(header)) return header
  const left = Number(expiration)
  return expiration !== undefined && Number.isFinite(left) ? Date.now() + left : Infinity
}
