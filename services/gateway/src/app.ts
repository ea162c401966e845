import { executor, files, notifier, registry, WarrenError } from '@warren/contracts'
import { Hono } from 'hono'
import { appRoutes } from './apps.ts'
import type { Context } from './context.ts'
import { dialectRoutes } from './dialects/index.ts'
import { documentRoutes } from './documents.ts'
import type { App, Env } from './env.ts'
import { tellingRoutes } from './events/index.ts'
import { fileRoutes } from './files.ts'
import { healthRoutes } from './health.ts'
import { methodsOf } from './methods.ts'
import { metricsRoute } from './metrics.ts'
import { ogcRoutes } from './ogc/index.ts'
import { problemResponse, publicError } from './problem.ts'
import { problemRoutes } from './problems.ts'
import { provenanceRoutes } from './provenance/index.ts'
import { aroundRequest } from './request.ts'
import { derivedRoutes } from './routes.ts'

export const services = [registry, executor, files, notifier]

/** The whole HTTP surface. */
export function createApp(context: Context): App {
  const app = new Hono<Env>()
  app.use(aroundRequest(context))

  ogcRoutes(app, context)
  tellingRoutes(app, context)
  provenanceRoutes(app, context)
  const clients = { registry: context.registry, executor: context.executor, notifier: context.notifier }
  derivedRoutes(app, services, clients, context.config)
  appRoutes(app, context)
  fileRoutes(app, context)
  dialectRoutes(app, context)
  healthRoutes(app, context)
  metricsRoute(app, context.telemetry)
  problemRoutes(app)
  documentRoutes(app, services, context.config)

  const allowed = methodsOf(app)
  app.notFound((c) => {
    const methods = allowed(c.req.path)
    if (!methods) return problemResponse(c, new WarrenError('NOT_FOUND'))
    const Allow = methods.join(', ')
    if (c.req.method !== 'OPTIONS') return problemResponse(c, new WarrenError('METHOD_NOT_ALLOWED'), { Allow })
    return new Response(null, { status: 204, headers: { Allow, ...preflight(Allow) } })
  })

  app.onError((error, c) => {
    const requestId = c.get('requestId')
    const problem = publicError(error, requestId)
    if (problem !== error) context.log.error({ err: error, requestId, supportId: requestId }, 'request failed')
    return problemResponse(c, problem)
  })

  return app
}

/** The origin itself is allowed, or not, around the request. */
function preflight(methods: string): Record<string, string> {
  return {
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers':
      'Accept, Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Prefer, Traceparent, X-Request-Id',
    'Access-Control-Max-Age': '600',
  }
}
