import { WarrenError } from '@warren/contracts'
import { Hono } from 'hono'
import type { Context } from '../../context.ts'
import type { App, Env, RequestContext } from '../../env.ts'
import { publicError } from '../../problem.ts'
import { foreignError, modelNotFound, UmbridgeError } from './error.ts'
import { features } from './features.ts'
import { supportOf, type Feature, type Vector } from './model.ts'
import { listModels } from './models.ts'
import { readAsked } from './request.ts'
import { runnerOf } from './run.ts'

type Call = (c: RequestContext) => Promise<Response>

/**
 * UM-Bridge 1.0, the protocol of models for uncertainty quantification. Every process is a base of one model, because
 * many clients take the first that a base has; `/umbridge` is the base of all.
 *
 * https://um-bridge-benchmarks.readthedocs.io/en/docs/umbridge/lib.html
 */
export function umbridgeRoutes(app: App, context: Context): void {
  const dialect = new Hono<Env>()
  dialect.onError((error, c) => {
    const requestId = c.get('requestId')
    const told = error instanceof UmbridgeError ? error : publicError(error, requestId)
    if (told !== error) context.log.error({ err: error, requestId, supportId: requestId }, 'request failed')
    const { type, message, status } = told instanceof UmbridgeError ? told : foreignError(told)
    return Response.json({ error: { type, message } }, { status })
  })

  // clients ask for the base by HEAD to see whether the server is up
  for (const path of ['/', '/:process', '/:process/Info']) {
    dialect.get(path, async (c) => {
      const base = c.req.param('process')
      const only = path === '/:process' && base === 'Info' ? undefined : base
      const models = await listModels(c, context, only)
      if (only !== undefined && models.length === 0) throw modelNotFound(only, models)
      return json(`{"protocolVersion":1.0,"models":${JSON.stringify(models)}}`)
    })
  }

  const calls = new Map<string, Call>([
    ['ModelInfo', async (c) => Response.json({ support: supportOf((await readAsked(c, context)).process) })],
    ['InputSizes', async (c) => Response.json({ inputSizes: (await readAsked(c, context)).model.inputs.map(sizeOf) })],
    [
      'OutputSizes',
      async (c) => Response.json({ outputSizes: (await readAsked(c, context)).model.outputs.map(sizeOf) }),
    ],
    ...(Object.keys(features) as Feature[]).map((feature): [string, Call] => [feature, runFeature(feature)]),
  ])
  for (const [name, call] of calls) dialect.post(`/:process/${name}`, call)
  // n.b. paths like `/umbridge/Evaluate` beside `/umbridge/:process` would take the router's fast way from all routes
  dialect.post('/:call', (c) => {
    const call = calls.get(c.req.param('call'))
    if (!call) throw new WarrenError('NOT_FOUND')
    return call(c)
  })
  app.route('/umbridge', dialect)

  function runFeature(feature: Feature): Call {
    return async (c) => {
      const asked = await readAsked(c, context, feature)
      const output = await features[feature](asked, runnerOf(c, context, asked.process))
      return json(`{"output":${output}}`)
    }
  }
}

function sizeOf({ size }: Vector): number {
  return size
}

function json(text: string): Response {
  return new Response(text, { headers: { 'Content-Type': 'application/json' } })
}
