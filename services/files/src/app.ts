import { WarrenError } from '@warren/contracts'
import { Hono } from 'hono'
import type { Context } from './context.ts'
import type { App, Env } from './env.ts'
import { askerOf } from './http/asker.ts'
import { methodsOf } from './http/methods.ts'
import { problemResponse } from './http/problem.ts'
import { downloadRoutes } from './routes/download.ts'
import { fileRoutes } from './routes/files.ts'
import { receivingRoutes } from './routes/receive.ts'
import { tusHeaders, uploadRoutes } from './routes/uploads.ts'

/** The files as a fetch-style app, to be served by whatever passes requests on and says in headers who asks. */
export function createApp(context: Context): App {
  const app = new Hono<Env>()
  app.use(async function aboutRequest(c, next) {
    c.set('asker', askerOf(c.req.raw.headers))
    c.set('base', `${new URL(c.req.url).origin}${c.req.header('x-forwarded-prefix') ?? ''}`)
    await next()
  })
  uploadRoutes(app, context)
  fileRoutes(app, context)
  receivingRoutes(app, context)
  downloadRoutes(app, context)
  const allowed = methodsOf(app)
  app.notFound((c) => {
    const methods = allowed(c.req.path)
    if (methods.length === 0) return problemResponse(c, new WarrenError('NOT_FOUND'), context.log, tusHeaders(c))
    const headers = { Allow: methods.join(', '), ...tusHeaders(c) }
    return problemResponse(c, new WarrenError('METHOD_NOT_ALLOWED'), context.log, headers)
  })
  app.onError((error, c) => problemResponse(c, error, context.log, tusHeaders(c)))
  return app
}
