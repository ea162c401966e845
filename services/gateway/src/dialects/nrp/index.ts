import { Hono } from 'hono'
import type { Context } from '../../context.ts'
import type { App, Env, RequestContext } from '../../env.ts'
import { publicError } from '../../problem.ts'
import { foreignError, NrpError } from './errors.ts'
import { simulationRoutes } from './simulations.ts'
import { stateRoutes } from './state.ts'

/** The API that is spoken here: that of the NRP backend and its simulation server, as of 2023. */
const versions = { backend: '4.0.0', simserver: '4.0.0' }

const methods = {
  '/version': 'GET',
  '/simulation': 'GET, POST',
  '/simulation/:id': 'GET',
  '/simulation/:id/state': 'GET, PUT',
} as const

/**
 * The REST API of the NRP backend 4: a simulation is a job of the process `nrp-experiment`. Who is not known sees the
 * version, and an empty list; every other route refuses in its turn.
 */
export function nrpRoutes(app: App, context: Context): void {
  const nrp = new Hono<Env>()
  nrp.onError((error, c) => {
    if (error instanceof NrpError) return answer(error)
    const requestId = c.get('requestId')
    const told = publicError(error, requestId)
    if (told !== error) context.log.error({ err: error, requestId, supportId: requestId }, 'request failed')
    return answer(foreignError(told))
  })

  nrp.get('/version', (c) => c.json(versions))
  simulationRoutes(nrp, context)
  stateRoutes(nrp, context)
  for (const [path, allowed] of Object.entries(methods)) {
    nrp.all(path, (c) => refuse(c, new NrpError(405, 'Client error', `${c.req.method} is not for this.`), allowed))
  }
  nrp.all('*', (c) => refuse(c, new NrpError(404, 'Client error', 'There is nothing here.')))
  app.route('/nrp', nrp)
}

/** Browsers ask with OPTIONS what they may send, and are answered as everywhere. */
function refuse(c: RequestContext, error: NrpError, Allow?: string): Response | Promise<Response> {
  return c.req.method === 'OPTIONS' ? c.notFound() : answer(error, Allow === undefined ? {} : { Allow })
}

function answer({ message, type, data, status }: NrpError, headers: Record<string, string> = {}): Response {
  return Response.json({ message, type, data }, { status, headers })
}
