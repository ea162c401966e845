import { WarrenError } from '@warren/contracts'
import { Hono } from 'hono'
import type { Context } from './context.ts'
import type { App, Env } from './env.ts'
import { askerOf } from './http/asker.ts'
import { methodsOf } from './http/methods.ts'
import { problemResponse } from './http/problem.ts'
import { directRoutes } from './routes/direct.ts'
import { downloadRoutes } from './routes/download.ts'
import { entryRoutes } from './routes/entries.ts'
import { fileRoutes } from './routes/files.ts'
import { folderRoutes } from './routes/folders.ts'
import { openUploadRoutes } from './routes/open-uploads.ts'
import { receivingRoutes } from './routes/receive.ts'
import { tusHeaders, uploadRoutes } from './routes/uploads.ts'

/** To store much takes longer than an answer may take to begin: as long as it goes on, this is said so often. */
const PROCESSING_MS = 5_000
const PROCESSING_MOST_MS = 1_800_000

/** The files as a fetch-style app, to be served by whatever passes requests on and says in headers who asks. */
export function createApp(context: Context): App {
  const app = new Hono<Env>()
  app.use(async function aboutRequest(c, next) {
    c.set('asker', askerOf(c.req.raw.headers))
    c.set('base', `${new URL(c.req.url).origin}${c.req.header('x-forwarded-prefix') ?? ''}`)
    const until = performance.now() + PROCESSING_MOST_MS
    const timer = setInterval(() => {
      // n.b. there are no bindings at all where the app is called with a request only
      if (performance.now() < until) c.env?.outgoing?.writeProcessing()
    }, PROCESSING_MS)
    await next().finally(() => clearInterval(timer))
  })
  uploadRoutes(app, context)
  openUploadRoutes(app, context)
  directRoutes(app, context)
  fileRoutes(app, context)
  receivingRoutes(app, context)
  downloadRoutes(app, context)
  folderRoutes(app, context)
  entryRoutes(app, context)
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
