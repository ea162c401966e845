import { WarrenError } from '@warren/contracts'
import type { AppAnswer, AppRequest, ExchangeOptions, Fields } from '@warren/mesh'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Context } from './context.ts'
import type { RequestContext } from './env.ts'
import { isAllowedOrigin } from './guard.ts'
import { allowOrigin } from './request.ts'

export interface Destination {
  readonly app: string
  /** What the path begins with here, and not for the app */
  readonly prefix: string
  /** The rest of the path, and the query, as they were sent */
  readonly target: string
  /** What is said to the app beside what the client says */
  readonly fields?: Fields
}

/** What the gateway says itself: from outside it is not believed. */
const ours = /^(x-forwarded-.*|forwarded|x-real-ip|warren-.*|x-request-id|traceparent|tracestate|host)$/i

/** What proves to us who asks would let an app ask in his name. */
function isToken(name: string, value: string): boolean {
  return /^authorization$/i.test(name) && /^bearer\b/i.test(value)
}

/**
 * Passes a request on to an app and its answer back, as they are produced. The answer goes past the adapter, on Node's
 * own response: there it can have 1xx, trailers and a broken end.
 *
 * @throws WarrenError before the answer has begun; later the connection is reset
 */
export async function forward(
  c: RequestContext,
  { apps, config, isDraining, log }: Pick<Context, 'apps' | 'config' | 'isDraining' | 'log'>,
  { app, prefix, target, fields: more = [] }: Destination,
): Promise<Response> {
  const { incoming, outgoing } = c.env as { incoming?: IncomingMessage; outgoing?: ServerResponse }
  if (!incoming || !outgoing) throw new WarrenError('UNIMPLEMENTED', 'Apps are reached over HTTP/1.1 only')
  const gone = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  const holdBody = /^100-continue$/i.test(incoming.headers.expect ?? '')
  const answer = await apps.open(app, toAppRequest(), toOptions())
  // the app may not want the body that nobody was told to send
  const mustClose = isDraining() || (holdBody && !incoming.readableDidRead)
  try {
    begin(outgoing, answer, [...corsFields(), ...(mustClose ? [['connection', 'close'] as const] : [])])
  } catch (error) {
    answer.cancel() // Node takes no such head
    throw error
  }
  const isBare = c.req.method === 'HEAD' || answer.status === 204 || answer.status === 304
  void passBody(outgoing, answer, isBare).catch((error: unknown) => {
    log.info({ requestId: c.get('requestId'), app, error: (error as Error).message }, 'the answer of an app broke off')
    // never a clean end: the client must not take what it has for all of it
    outgoing.socket?.resetAndDestroy()
    outgoing.destroy()
  })
  return alreadySent(answer.status)

  function toAppRequest(): AppRequest {
    const { protocol, host, pathname } = new URL(c.get('base'))
    const client = incoming?.socket.remoteAddress
    const fields: Fields = [
      ...pairs(incoming?.rawHeaders ?? []).filter(([name, value]) => !ours.test(name) && !isToken(name, value)),
      ['host', host],
      ['x-forwarded-proto', protocol.slice(0, -1)],
      ['x-forwarded-host', host],
      ['x-forwarded-prefix', pathname.replace(/\/$/, '') + prefix],
      ...(client ? [['x-forwarded-for', client] as const] : []),
      ...more,
    ]
    return {
      method: c.req.method,
      scheme: protocol.slice(0, -1),
      authority: host,
      target: target.startsWith('/') ? target : `/${target}`,
      fields,
      client,
      holdBody,
      ...(incoming && hasBody(incoming) && bodyOf(incoming)),
    }
  }

  function toOptions(): ExchangeOptions {
    const { id, roles } = c.get('principal')
    return {
      signal: gone.signal,
      principal: id,
      roles,
      requestId: c.get('requestId'),
      ...c.get('trace'),
      bodyWanted: () => {
        if (holdBody && outgoing?.writable && !outgoing.headersSent) outgoing.writeContinue()
      },
      informed: (status, fields) => {
        if (status === 103 && !outgoing?.headersSent) outgoing?.writeEarlyHints(toRecord(fields))
      },
    }
  }

  function corsFields(): Fields {
    const origin = c.req.header('origin')
    if (origin === undefined || !isAllowedOrigin(origin, c.get('base'), config)) return []
    const headers = new Headers()
    allowOrigin(headers, origin)
    return [...headers]
  }
}

/** What tells the adapter that there is nothing left to do. */
function alreadySent(status: number): Response {
  const response = new Response(null, { status, headers: { 'x-hono-already-sent': 'true' } })
  // the adapter's own light responses are written without a look at that; to ask for the body makes it a real one
  return response.body === null ? response : new Response(null)
}

function hasBody({ method, headers }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function bodyOf(incoming: IncomingMessage): Pick<AppRequest, 'body' | 'trailers'> {
  return {
    // the socket is needed for the answer, also when the app does not want all of the body
    body: incoming.iterator({ destroyOnReturn: false }),
    trailers: () => pairs(incoming.rawTrailers),
  }
}

function begin(outgoing: ServerResponse, { status, fields, body }: AppAnswer, more: Fields): void {
  const replaced = new Set(more.map(([name]) => name).filter((name) => name !== 'vary'))
  const all = [...fields.filter(([name]) => !replaced.has(name)), ...more]
  // n.b. the flat list is the only form of which Node keeps duplicates beside headers that were set before
  outgoing.writeHead(status, all.flat() as unknown as OutgoingHttpHeaders)
  // what is said now shall arrive now, not with the first bytes of the body.
  // n.b. `flushHeaders` would write the fields as UTF-8; they are latin-1
  if (!body.isOver()) outgoing.write('', 'latin1')
}

async function passBody(outgoing: ServerResponse, { body }: AppAnswer, isBare: boolean): Promise<void> {
  for (let chunk = await body.read(); chunk; chunk = await body.read()) {
    if (!isBare && !outgoing.write(chunk)) await drained(outgoing)
  }
  const trailers = body.trailers()
  if (trailers.length > 0 && !isBare)
    outgoing.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]))
  outgoing.end()
}

/** Also when the client is gone: then the body fails with that. */
function drained(outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.on('drain', done)
    outgoing.on('close', done)
  })
}

function pairs(raw: readonly string[]): Fields {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] as string, raw[2 * i + 1] as string] as const)
}

function toRecord(fields: Fields): Record<string, string | string[]> {
  const record: Record<string, string[]> = {}
  for (const [name, value] of fields) (record[name] ??= []).push(value)
  return record
}
