import { Hono } from 'hono'
import type { Context } from '../../context.ts'
import type { App, Env } from '../../env.ts'
import { publicError } from '../../problem.ts'
import { disciplineRoutes } from './disciplines.ts'
import { door } from './door.ts'
import { foreignError } from './errors.ts'
import { executeRoute } from './execute.ts'
import { fileRoutes } from './files.ts'
import { jobFileRoutes } from './job-files.ts'
import { jobRoutes, keepPending } from './jobs.ts'
import { slashed } from './paths.ts'
import { tokenRoute } from './token.ts'
import { userRoute } from './user.ts'

/** What clients of gemseo-http 3 call, and those of 1 as far as they ask for the same. */
export function gemseoRoutes(app: App, context: Context): void {
  tokenRoute(app, context)

  const v1 = new Hono<Env>()
  v1.onError((error, c) => {
    const requestId = c.get('requestId')
    const told = publicError(error, requestId)
    if (told !== error) context.log.error({ err: error, requestId, supportId: requestId }, 'request failed')
    return foreignError(c, told)
  })
  for (const path of slashed('/job/:id')) v1.use(path, keepPending)
  v1.use(door)
  userRoute(v1)
  disciplineRoutes(v1, context)
  fileRoutes(v1, context)
  executeRoute(v1, context)
  jobRoutes(v1, context)
  jobFileRoutes(v1, context)
  app.route('/v1', v1)
}
