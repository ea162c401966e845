import { exchanges, frameBytes, frameHeaders, frameTypes, messageTypes, queues, WarrenError } from '@warren/contracts'
import { nanoid } from 'nanoid'
import { connectionLost, problemOf, unavailable, unroutable } from '../failures.ts'
import type { Mesh } from '../mesh.ts'
import { startDeadline } from './deadline.ts'
import { requestHeaders, type AppRequest, type ExchangeOptions } from './app-ask.ts'
import { openEnd } from './end.ts'
import { declaredLength, endToEnd, printFields, readFields, valuesOf, type Fields } from './fields.ts'
import { numberIn, textIn, type Frame } from './frame.ts'
import { gather, untouched, type Gathered } from './gather.ts'
import type { Inflow } from './inflow.ts'

export interface AppAnswer {
  readonly status: number
  readonly fields: Fields
  readonly body: Inflow
  /** Nobody wants the rest. */
  cancel(): void
}

const DEADLINE_MS = 60_000
const idempotent = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])

/**
 * Asks an app that is served over the mesh, and gives its answer as soon as that begins.
 *
 * @throws WarrenError UNROUTABLE, UNAVAILABLE, TIMEOUT, PEER_LOST, DATA_LOSS, CANCELLED, BAD_INPUT when the body has not
 *   the declared length, TOO_LARGE when the header is, or what the app failed with
 */
export async function openExchange(
  mesh: Mesh,
  app: string,
  request: AppRequest,
  options: ExchangeOptions = {},
): Promise<AppAnswer> {
  const at = options.deadline ?? Date.now() + DEADLINE_MS
  const length = declaredLength(request.fields)
  const body = await gathered(request, length)
  const fields = printFields(endToEnd(request.fields).filter(([name]) => !/^warren-/i.test(name)))
  if (body.kind === 'inline' && length !== undefined && body.bytes.byteLength !== length) throw wrongLength(length)
  const repeats = idempotent.has(request.method) || valuesOf(request.fields, 'idempotency-key').length > 0
  const repeatable = repeats && body.kind !== 'stream'
  const lane = await mesh.streams.lane()
  if (options.signal?.aborted) throw new WarrenError('CANCELLED')
  if (at <= Date.now()) throw new WarrenError('TIMEOUT')

  const { promise, resolve, reject } = Promise.withResolvers<AppAnswer>()
  const id = nanoid()
  let accepted = false
  let wanted = false
  let answered = false
  let over = false
  const end = openEnd({ lane, id, received, failed: fail, lost, refused })
  const deadline = startDeadline(at, () => fail(new WarrenError('TIMEOUT')))
  const abort = (): void => fail(new WarrenError('CANCELLED'))
  options.signal?.addEventListener('abort', abort)
  waitForApp()
  lane.open(
    app,
    {
      type: frameTypes.req,
      id,
      sequence: 0,
      headers: requestHeaders(request, options, { fields, at, repeatable, kind: body.kind }),
      body: body.kind === 'inline' ? body.bytes : undefined,
    },
    { expiration: Math.ceil(at - Date.now()), timestamp: Math.floor(Date.now() / 1_000), messageId: id },
  )
  return promise

  function waitForApp(): void {
    mesh.streams.watch(id, queues.app(app), () => fail(unroutable(app)))
  }

  function received(frame: Frame): void {
    if (over) return
    const { type, headers } = frame
    if (type === frameTypes.accept) return accept(frame)
    if (type === frameTypes.head) return begin(frame)
    if (type === frameTypes.credit) return sendBody()
    if (type === frameTypes.end && answered) return finish()
    if (type === frameTypes.fail) fail(problemOf({ content: frame.body }))
    if (type === frameTypes.cancel) {
      fail(new WarrenError('PEER_LOST', `The app gave the exchange up: ${textIn(headers, frameHeaders.reason) ?? '?'}`))
    }
  }

  function accept(frame: Frame): void {
    const isAgain = frame.headers[frameHeaders.redelivered] === true
    if (accepted && !isAgain) return fail(new WarrenError('DATA_LOSS', 'The request was accepted twice'))
    // an instance that died, or lost its connection, had it before
    if (accepted && (!repeatable || answered)) return refuse(frame)
    end.meet(frame)
    mesh.streams.unwatch(id)
    if (accepted) return
    accepted = true
    const credit = numberIn(frame.headers, frameHeaders.credit) ?? 0
    end.outflow.grant(credit)
    if (credit > 0) sendBody()
  }

  /** With the first credit: an app that answers without a body that is held back gives none. */
  function sendBody(): void {
    if (wanted) return
    wanted = true
    options.bodyWanted?.()
    if (body.kind === 'stream') void pump(body)
  }

  function refuse({ replyTo }: Frame): void {
    if (replyTo === undefined) return
    lane.post(replyTo, {
      type: frameTypes.cancel,
      id,
      sequence: 1,
      headers: { [frameHeaders.reason]: 'not-repeatable' },
    })
  }

  function begin({ headers, body }: Frame): void {
    const status = numberIn(headers, frameHeaders.status) ?? 0
    const fields = readFields(textIn(headers, frameHeaders.fields))
    if (status < 200) {
      deadline.extend()
      return options.informed?.(status, fields)
    }
    if (answered) return fail(new WarrenError('DATA_LOSS', 'There were two answers'))
    answered = true
    deadline.clear()
    if (headers[frameHeaders.body] !== 'stream') {
      if (body.byteLength > 0) end.inflow.push(body)
      end.inflow.end(body.byteLength, [])
      finish()
    }
    resolve({ status, fields, body: end.inflow, cancel: abort })
  }

  async function pump({ chunks }: Gathered & { kind: 'stream' }): Promise<void> {
    try {
      for await (const chunk of chunks) {
        if (length !== undefined && end.outflow.bytes() + chunk.byteLength > length) throw wrongLength(length)
        await end.outflow.write(chunk)
        deadline.extend()
      }
      if (length !== undefined && end.outflow.bytes() !== length) throw wrongLength(length)
      end.outflow.end(request.trailers?.())
    } catch (error) {
      fail(error instanceof WarrenError ? error : brokenOff(error))
    }
  }

  function lost(whose: 'peer' | 'lane'): void {
    if (whose === 'lane' || answered || !repeatable) {
      return fail(whose === 'lane' ? connectionLost() : new WarrenError('PEER_LOST', 'The app went away'))
    }
    // the broker gives the request to another instance; where there is none, that is found out
    end.part()
    waitForApp()
  }

  function refused(how: 'unroutable' | 'full'): void {
    fail(how === 'full' ? unavailable('The queue of the app is full') : unroutable(app))
  }

  function fail(error: WarrenError): void {
    if (over) return
    if (accepted) end.send(frameTypes.cancel, { [frameHeaders.reason]: error.code })
    else if (error.code === 'CANCELLED') tellAll()
    end.inflow.fail(error)
    reject(error)
    finish(error)
  }

  /** Nobody knows yet who will take it. */
  function tellAll(): void {
    mesh.publisher.send(exchanges.control, 'all', Buffer.from('{}'), { type: messageTypes.cancel, correlationId: id })
  }

  function finish(error: Error = new WarrenError('CANCELLED', 'The answer is complete')): void {
    if (over) return
    over = true
    deadline.clear()
    mesh.streams.unwatch(id)
    options.signal?.removeEventListener('abort', abort)
    end.outflow.stop(error)
    end.close()
    if (body.kind === 'stream') body.drop()
  }
}

/** @throws WarrenError CANCELLED when the body breaks off before it is sent */
async function gathered({ body, holdBody }: AppRequest, length: number | undefined): Promise<Gathered> {
  if (!body || length === 0) return { kind: 'none' }
  if (holdBody || (length !== undefined && length > frameBytes)) return untouched(body)
  try {
    return await gather(body, length !== undefined)
  } catch (error) {
    throw brokenOff(error)
  }
}

function brokenOff(cause: unknown): WarrenError {
  return new WarrenError('CANCELLED', 'The body broke off', { cause })
}

function wrongLength(declared: number): WarrenError {
  return new WarrenError('BAD_INPUT', `The body has not the ${declared} bytes that Content-Length declares`)
}
