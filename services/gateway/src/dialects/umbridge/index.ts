import { Hono } from 'hono'
import type { Context } from '../../context.ts'
import type { App, Env } from '../../env.ts'
import { publicError } from '../../problem.ts'
import { foreignError, modelNotFound, UmbridgeError } from './error.ts'
import { features } from './features.ts'
import { supportOf, type Feature, type Vector } from './model.ts'
import { listModels } from './models.ts'
import { readAsked } from './request.ts'
import { runnerOf } from './run.ts'

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

  for (const base of ['', '/:process']) {
    // clients ask for the base by HEAD to see whether the server is up
    for (const path of [`${base}/Info`, base || '/']) {
      dialect.get(path, async (c) => {
        const models = await listModels(c, context)
        const only = c.req.param('process')
        if (only !== undefined && models.length === 0) throw modelNotFound(only, models)
        return json(`{"protocolVersion":1.0,"models":${JSON.stringify(models)}}`)
      })
    }
    dialect.post(`${base}/ModelInfo`, async (c) => {
      const { process } = await readAsked(c, context)
      return Response.json({ support: supportOf(process) })
    })
    dialect.post(`${base}/InputSizes`, async (c) => {
      const { model } = await readAsked(c, context)
      return Response.json({ inputSizes: model.inputs.map(sizeOf) })
    })
    dialect.post(`${base}/OutputSizes`, async (c) => {
      const { model } = await readAsked(c, context)
      return Response.json({ outputSizes: model.outputs.map(sizeOf) })
    })
    for (const feature of Object.keys(features) as Feature[]) {
      dialect.post(`${base}/${feature}`, async (c) => {
        const asked = await readAsked(c, context, feature)
        const output = await features[feature](asked, runnerOf(c, context, asked.process))
        return json(`{"output":${output}}`)
      })
    }
  }
  app.route('/umbridge', dialect)
}

function sizeOf({ size }: Vector): number {
  return size
}

function json(text: string): Response {
  return new Response(text, { headers: { 'Content-Type': 'application/json' } })
}
