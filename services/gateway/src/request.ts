import { randomUUID } from 'node:crypto'
import { readTraceContext, traceIdOf } from '@warren/mesh'
import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { createAdmission } from './auth.ts'
import type { Context } from './context.ts'
import type { Env, RequestContext } from './env.ts'
import { createGuard, isAllowedOrigin } from './guard.ts'
import { problemResponse } from './problem.ts'

/** What no route takes: a path of the client's own choice is no name for anything. */
const UNMATCHED = 'none'
const known = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const exposed =
  'Location, Link, Preference-Applied, Retry-After, X-Request-Id, ' +
  'Accept-Ranges, Content-Digest, Content-Disposition, Content-Range, ETag, Repr-Digest, ' +
  'Tus-Resumable, Upload-Expires, Upload-Length, Upload-Offset, Warren-File, WWW-Authenticate'

/**
 * All that happens around every request, in one place because it is on the hot path: id, trace, guard, principal, CORS,
 * drain, metrics, log.
 */
export function aroundRequest(context: Context): MiddlewareHandler<Env> {
  const { config, log, telemetry } = context
  const { tracer } = telemetry
  const guard = createGuard(config)
  const admit = createAdmission(config, context.registry)
  const isDebug = log.isLevelEnabled('debug')

  return async function handleRequest(c, next) {
    const startedAt = performance.now()
    const requestId = requestIdOf(c)
    const host = c.req.header('host') ?? new URL(c.req.url).host
    const base = config.publicUrl ?? `http://${host}`
    const origin = c.req.header('origin')
    c.set('requestId', requestId)
    c.set('base', base)
    const given = readTraceContext(c.req.header('traceparent'), c.req.header('tracestate'))
    const span = tracer?.start({ name: c.req.method, kind: 'server', parent: given })
    const trace = span?.context ?? given
    c.set('trace', trace)
    // on Node's own response where there is one: touching the headers of a `Response` makes the adapter build it whole
    const { outgoing } = c.env ?? {}
    outgoing?.setHeader('X-Request-Id', requestId)

    const refusal = guard({ method: c.req.method, host, origin, base }) ?? (await admit(c))
    if (refusal) c.res = problemResponse(c, refusal)
    else await next()

    const { status } = c.res
    if (!outgoing) c.res.headers.set('X-Request-Id', requestId)
    if (origin !== undefined && isAllowedOrigin(origin, base, config)) allowOrigin(c.res.headers, origin)
    // a drained connection is not used again: the client's next request goes to a gateway that stays
    if (context.isDraining()) c.res.headers.set('Connection', 'close')
    const ms = performance.now() - startedAt
    const method = known.has(c.req.method) ? c.req.method : 'OTHER'
    const route = routeOf(c)
    telemetry.count(method, route, status, ms)
    span?.end({
      name: `${method} ${route}`,
      error: status >= 500 ? String(status) : undefined,
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': status,
        'url.path': c.req.path,
        'warren.request.id': requestId,
      },
    })
    // who waits for readiness asks many times a second, and is told no
    if (isDebug || (status >= 400 && c.req.path !== '/readyz')) {
      log[status >= 500 ? 'warn' : status >= 400 ? 'info' : 'debug'](
        {
          requestId,
          traceId: traceIdOf(trace),
          method: c.req.method,
          path: c.req.path,
          status,
          ms: Math.round(ms * 10) / 10,
        },
        'request',
      )
    }
  }
}

/** The template of the last route that matched; what stands around all of them is none. */
function routeOf(c: RequestContext): string {
  const path = matchedRoutes(c).at(-1)?.path
  return path === undefined || path === '*' || path === '/*' ? UNMATCHED : path
}

function requestIdOf(c: RequestContext): string {
  const given = c.req.header('x-request-id')
  return given !== undefined && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID()
}

export function allowOrigin(headers: Headers, origin: string): void {
  headers.set('Access-Control-Allow-Origin', origin)
  headers.set('Access-Control-Expose-Headers', exposed)
  headers.append('Vary', 'Origin')
}
