import { headers as wireHeaders, rawJson, WarrenError } from '@warren/contracts'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { storedShape } from './execute-request.ts'
import { jobUrl } from './status-document.ts'
import { requireJobId } from './jobs.ts'
import { parsePrefer } from './prefer.ts'
import { readQuery } from './query.ts'
import { absoluteLink, isFileLink, sendRaw, shapeResults } from './result-shape.ts'

/** OGC API - Processes - Part 1, 7.13: results of a job, and one output of them (2.0). */
export function resultRoutes(app: App, { config, executor, descriptions }: Context): void {
  app.get('/jobs/:id/results', async (c) => {
    const { outputs } = readQuery(c, ['outputs'])
    const id = requireJobId(c.req.param('id'))
    const { body, headers } = await executor.getResults({ id }, callOptions(c))
    const { returning } = parsePrefer(c.req.header('prefer'))
    const wish = {
      ...storedShape(headers[wireHeaders.requested]),
      wantsNothing: false, // that is `withSomething`'s matter
      returning,
      maxInlineBytes: config.maxInlineBytes,
      accept: c.req.header('accept'),
      href: `${jobUrl(id, c.get('base'))}/results`,
      describe: () => describe(id),
    }
    const applied = returning && { 'Preference-Applied': `return=${returning}` }
    return shapeResults(outputs ? select(body, outputs) : withSomething(body), wish, { ...applied })
  })

  app.get('/jobs/:id/results/:output', async (c) => {
    readQuery(c, [])
    const id = requireJobId(c.req.param('id'))
    const name = c.req.param('output')
    const { body } = await executor.getResults({ id }, callOptions(c))
    const raw = rawJson.member(body, name)
    if (raw === undefined) throw noSuchOutput(name)
    if (isFileLink(raw)) {
      const { href } = JSON.parse(absoluteLink(raw, c.get('base'))) as { href: string }
      return c.redirect(href, 307)
    }
    return sendRaw([name, raw], { accept: c.req.header('accept'), describe: () => describe(id) }, {})
  })

  async function describe(id: string): ReturnType<typeof descriptions.find> {
    const { processId } = await executor.getJob({ id })
    return descriptions.find(processId).catch(() => undefined) // retired meanwhile: its results stay
  }
}

/** 2.0: a job that was asked for no outputs has no results. */
function withSomething(body: string): string {
  if (/^\s*\{\s*\}\s*$/.test(body)) throw new WarrenError('RESULT_NOT_AVAILABLE')
  return body
}

function select(body: string, names: readonly string[]): string {
  const members = new Map(rawJson.members(body))
  return rawJson.object(
    names.map((name) => {
      const raw = members.get(name)
      if (raw === undefined) throw noSuchOutput(name)
      return [name, raw] as const
    }),
  )
}

function noSuchOutput(name: string): WarrenError {
  return new WarrenError('NO_SUCH_OUTPUT', `The job has no output "${name.slice(0, 100)}"`)
}
