import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { authenticate } from './auth.ts'
import type { Context } from './context.ts'
import type { Env, RequestContext } from './env.ts'
import { createGuard, isAllowedOrigin } from './guard.ts'
import { problemResponse } from './problem.ts'

const exposed = 'Location, Link, Preference-Applied, Retry-After, X-Request-Id'

/** All that happens around every request, in one place because it is on the hot path: id, guard, CORS, drain, log. */
export function aroundRequest(context: Context): MiddlewareHandler<Env> {
  const { config, log } = context
  const guard = createGuard(config)
  const isDebug = log.isLevelEnabled('debug')

  return async function handleRequest(c, next) {
    const startedAt = performance.now()
    const requestId = requestIdOf(c)
    const host = c.req.header('host') ?? new URL(c.req.url).host
    const base = config.publicUrl ?? `http://${host}`
    const origin = c.req.header('origin')
    c.set('requestId', requestId)
    c.set('base', base)
    c.set('principal', authenticate())
    // on Node's own response where there is one: touching the headers of a `Response` makes the adapter build it whole
    const { outgoing } = c.env ?? {}
    outgoing?.setHeader('X-Request-Id', requestId)

    const refusal = guard({ method: c.req.method, host, origin, base })
    if (refusal) c.res = problemResponse(c, refusal)
    else await next()

    const { status } = c.res
    if (!outgoing) c.res.headers.set('X-Request-Id', requestId)
    if (origin !== undefined && isAllowedOrigin(origin, base, config)) allowOrigin(c.res.headers, origin)
    // a drained connection is not used again: the client's next request goes to a gateway that stays
    if (context.isDraining()) c.res.headers.set('Connection', 'close')
    // who waits for readiness asks many times a second, and is told no
    if (isDebug || (status >= 400 && c.req.path !== '/readyz')) {
      const ms = Math.round((performance.now() - startedAt) * 10) / 10
      log[status >= 500 ? 'warn' : status >= 400 ? 'info' : 'debug'](
        { requestId, method: c.req.method, path: c.req.path, status, ms },
        'request',
      )
    }
  }
}

function requestIdOf(c: RequestContext): string {
  const given = c.req.header('x-request-id')
  return given !== undefined && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID()
}

function allowOrigin(headers: Headers, origin: string): void {
  headers.set('Access-Control-Allow-Origin', origin)
  headers.set('Access-Control-Expose-Headers', exposed)
  headers.append('Vary', 'Origin')
}
