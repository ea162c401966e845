import { frameHeaders, frameTypes, headers, toProblem, WarrenError } from '@warren/contracts'
import { nanoid } from 'nanoid'
import type { Delivery } from '../settling.ts'
import type { Mesh } from '../mesh.ts'
import type { TraceContext } from '../span.ts'
import { readTraceContext } from '../trace.ts'
import { toRequest } from './app-request.ts'
import { createBindings, type AppBindings } from './bindings.ts'
import { startDeadline, type Deadline } from './deadline.ts'
import { firstCredit, noCredit, openEnd } from './end.ts'
import { endToEnd, printFields, readFields, valuesOf, type Fields } from './fields.ts'
import { numberIn, textIn, type Frame } from './frame.ts'
import type { Inflow } from './inflow.ts'
import type { Lane } from './lane.ts'
import { respond } from './respond.ts'

/** A fetch-style app. Hono hands what comes beside the request on as `c.env`. */
export type AppHandler = (request: Request, bindings: AppBindings) => Response | Promise<Response>

export interface Answering {
  /** Takes the request, and resolves when the exchange is over and the handler has returned; never rejects. */
  run(): Promise<void>
  /** Resolves when the exchange is over; the handler may still be at it. */
  readonly over: Promise<void>
  /** Does not take it. */
  refuse(error: WarrenError): void
  /** Ends it, and tells the other end why. */
  abort(error: WarrenError): void
  /** Ends it without a word: another instance has it. */
  abandon(): void
}

interface Serving {
  readonly mesh: Mesh
  readonly app: string
  readonly handler: AppHandler
  readonly translate: ((error: unknown) => WarrenError | undefined) | undefined
}

interface Taken {
  readonly lane: Lane
  readonly id: string
  readonly frame: Frame
  readonly delivery: Delivery
  /** Epoch ms */
  readonly deadline: number | undefined
}

/** The app's end of an exchange. */
export function answerExchange({ mesh, app, handler, translate }: Serving, taken: Taken): Answering {
  const { lane, id, frame, delivery } = taken
  const controller = new AbortController()
  const { signal } = controller
  const trailers: [string, string][] = []
  const ended = Promise.withResolvers<void>()
  let headSent = false
  let over = false
  let deadline: Deadline | undefined
  const end = openEnd({ lane, id, received, failed: abort, lost: () => stop(new WarrenError('PEER_LOST')) })
  end.meet(frame)
  return { run, over: ended.promise, refuse, abort, abandon: () => stop(new WarrenError('PEER_LOST')) }

  async function run(): Promise<void> {
    const repeatable = frame.headers[frameHeaders.repeatable] === true && !delivery.message.fields.redelivered
    const trace = readTraceContext(frame.headers[headers.traceparent], frame.headers[headers.tracestate])
    const method = textIn(frame.headers, frameHeaders.method) ?? 'GET'
    const span = mesh.tracer?.start({ name: `${method} ${app}`, kind: 'server', parent: trace })
    const started = performance.now()
    let failure: WarrenError | undefined
    mesh.abortable.set(id, () => stop(new WarrenError('CANCELLED')))
    try {
      accept(repeatable)
      const handed = span ? { ...frame, headers: { ...frame.headers, ...defined(span.context) } } : frame
      const response = await handler(toRequest(handed, body(), signal), bindings())
      if (over) await response.body?.cancel()
      else await respond(end, response, { isHead: method === 'HEAD', signal, trailers: () => trailers, begun })
    } catch (error) {
      failure = presentable(error)
      fail(failure)
    }
    span?.end({ error: failure?.code })
    mesh.stats.count(`app.${app}`, performance.now() - started, failure?.code)
    finish(new WarrenError('CANCELLED', 'The answer is complete'))
  }

  function accept(repeatable: boolean): void {
    end.send(
      frameTypes.accept,
      { ...(isHeld(frame) ? noCredit : firstCredit), [frameHeaders.redelivered]: delivery.message.fields.redelivered },
      undefined,
      true,
    )
    end.outflow.grant(numberIn(frame.headers, frameHeaders.credit) ?? 0)
    if (taken.deadline !== undefined) deadline = startDeadline(taken.deadline, () => abort(new WarrenError('TIMEOUT')))
    // what may be done again is kept by the broker until the answer begins; once, because it may be what kills the app
    if (repeatable) delivery.onLost(() => stop(new WarrenError('PEER_LOST')))
    else delivery.ack()
    const kind = frame.headers[frameHeaders.body]
    if (kind === 'stream') return
    if (frame.body.byteLength > 0) end.inflow.push(frame.body)
    end.inflow.end(frame.body.byteLength, [])
  }

  /** Of one that is held back, the sender hears that it is wanted when the handler reads it, if it does. */
  function body(): Inflow {
    if (!isHeld(frame)) return end.inflow
    let asked = false
    return { ...end.inflow, read }

    function read(): ReturnType<Inflow['read']> {
      if (!asked) end.send(frameTypes.credit, firstCredit)
      asked = true
      return end.inflow.read()
    }
  }

  function bindings(): AppBindings {
    return createBindings({
      client: textIn(frame.headers, frameHeaders.client),
      requestTrailers: end.inflow.trailers,
      headSent: () => headSent,
      addTrailers: (more) => trailers.push(...more.map(([name, value]) => [name, value] as [string, string])),
      inform,
    })
  }

  function inform(status: number, fields: Fields): void {
    if (headSent) return
    deadline?.extend()
    const printed = printFields(endToEnd(fields))
    end.send(frameTypes.head, { [frameHeaders.status]: status, [frameHeaders.fields]: printed })
  }

  function begun(): void {
    headSent = true
    deadline?.clear()
    delivery.ack()
  }

  function received({ type }: Frame): void {
    if (type === frameTypes.body) deadline?.extend()
    if (type === frameTypes.cancel) stop(new WarrenError('CANCELLED'))
  }

  function refuse(error: WarrenError): void {
    delivery.ack()
    fail(error)
    finish(error)
  }

  function abort(error: WarrenError): void {
    if (over) return
    fail(error)
    stop(error)
  }

  function fail(error: WarrenError): void {
    if (!over) end.send(frameTypes.fail, {}, Buffer.from(JSON.stringify(toProblem(error))))
  }

  function stop(error: WarrenError): void {
    if (over) return
    finish(error)
    controller.abort(error)
  }

  function finish(error: WarrenError): void {
    if (over) return
    over = true
    deadline?.clear()
    mesh.abortable.delete(id)
    end.inflow.fail(error)
    end.outflow.stop(error)
    end.close()
    delivery.ack()
    ended.resolve()
  }

  function presentable(error: unknown): WarrenError {
    const known = error instanceof WarrenError ? error : translate?.(error)
    if (known) return known
    if (signal.aborted) return new WarrenError('CANCELLED')
    const supportId = nanoid(12)
    mesh.log.error({ err: error, supportId, app }, 'unexpected error')
    return new WarrenError('INTERNAL', `Something went wrong here; the log has it under ${supportId}`, {
      more: { supportId },
    })
  }
}

/** RFC 9110, section 10.1.1 */
function isHeld({ headers }: Frame): boolean {
  if (headers[frameHeaders.body] !== 'stream') return false
  const expectations = valuesOf(readFields(textIn(headers, frameHeaders.fields)), 'expect')
  return expectations.some((value) => /^100-continue$/i.test(value))
}

function defined(context: TraceContext): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(context).filter(([, value]) => value !== undefined))
}
