import { WarrenError } from '@warren/contracts'
import { openExchange, survey, type AppAnswer, type AppRequest, type ExchangeOptions, type Mesh } from '@warren/mesh'
import { z } from 'zod'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import type { App, RequestContext } from './env.ts'
import { forward } from './forward.ts'

/** Apps without a port: who may be asked, and who is there. */
export interface Apps {
  isExposed(name: string): boolean
  open(name: string, request: AppRequest, options: ExchangeOptions): Promise<AppAnswer>
  list(): Promise<AppList['apps']>
}

export const AppList = z.object({
  apps: z.array(
    z.object({
      name: z.string(),
      instances: z.int().meta({ description: 'How many answer now' }),
      links: z.array(z.object({ href: z.url(), rel: z.literal('service') })),
    }),
  ),
})
type AppList = { apps: { name: string; instances: number }[] }

const SURVEY_MS = 500

export function createApps(mesh: Mesh, { exposedApps, appDeadlineMs }: Config): Apps {
  const exposed = new Set(exposedApps)
  if (exposed.size > 0) mesh.streams.warm()
  return {
    isExposed: (name) => exposed.has(name),
    open: (name, request, options) => {
      return openExchange(mesh, name, request, { deadline: Date.now() + appDeadlineMs, ...options })
    },
    list,
  }

  async function list(): Promise<AppList['apps']> {
    if (exposed.size === 0) return []
    // nobody knows how many there are: whoever can answer does so within the time
    const replies = await survey(mesh, 'ping', { to: 'all', waitMs: SURVEY_MS, enough: () => false }).catch(() => [])
    return [...exposed].map((name) => ({ name, instances: replies.filter(({ apps }) => apps?.includes(name)).length }))
  }
}

/** What stands before the path that the app sees. */
const behind = /^\/apps\/([A-Za-z][\w-]{0,62})(?=[/?]|$)/

/** Whether an app asks for the body of such a request, rather than the gateway. */
export function isTunnelled(target: string): boolean {
  return behind.test(target) || /^\/(?:files|folders)(?=[/?]|$)/.test(target)
}

/** `/apps/{name}/…`: any method, any path, as the app answers it. */
export function appRoutes(app: App, context: Pick<Context, 'apps' | 'config' | 'isDraining' | 'log'>): void {
  const { apps } = context

  app.get('/apps', async (c) => {
    const base = c.get('base')
    const known = await apps.list()
    return c.json({
      apps: known.map((each) => ({ ...each, links: [{ href: `${base}/apps/${each.name}/`, rel: 'service' }] })),
    })
  })

  app.all('/apps/:name', handleApp)
  app.all('/apps/:name/*', handleApp)

  function handleApp(c: RequestContext): Promise<Response> {
    // as it was sent: the path that matched is normalised, and the app wants its own as it is
    const target = targetOf(c)
    const [prefix, name] = behind.exec(target) ?? []
    if (prefix === undefined || name === undefined || !apps.isExposed(name)) throw new WarrenError('NOT_FOUND')
    return forward(c, context, { app: name, prefix, target: target.slice(prefix.length) })
  }
}

function targetOf(c: RequestContext): string {
  const { incoming } = c.env ?? {}
  const sent = incoming?.url ?? c.req.url
  if (sent.startsWith('/')) return sent
  const { pathname, search } = new URL(sent)
  return pathname + search
}
