import { JobId, WarrenError } from '@warren/contracts'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { requireJson } from './accept.ts'
import { jobParameters, readJobFilter } from './job-query.ts'
import { jsonLink } from './links.ts'
import { readQuery } from './query.ts'
import { statusDocument } from './status-document.ts'

/** OGC API - Processes - Part 1, 7.12 (status), 11 (job list) and 13 (dismiss). */
export function jobRoutes(app: App, { executor }: Context): void {
  app.get('/jobs', async (c) => {
    requireJson(c.req.header('accept'))
    const filter = readJobFilter(readQuery(c, jobParameters))
    const { jobs, next } = filter ? await executor.listJobs(filter, callOptions(c)) : { jobs: [], next: null }
    const base = c.get('base')
    const self = new URL(c.req.url).searchParams
    return c.json({
      jobs: jobs.map((job) => statusDocument(job, base)),
      links: [
        jsonLink('self', url(base, self), 'This page'),
        jsonLink('up', `${base}/`, 'Landing page'),
        ...(next === null ? [] : [jsonLink('next', url(base, self, next), 'Next page')]),
      ],
    })
  })

  app.get('/jobs/:id', async (c) => {
    requireJson(c.req.header('accept'))
    readQuery(c, [])
    const job = await executor.getJob({ id: requireJobId(c.req.param('id')) }, callOptions(c))
    return c.json(statusDocument(job, c.get('base')))
  })

  app.delete('/jobs/:id', async (c) => {
    const job = await executor.dismissJob({ id: requireJobId(c.req.param('id')) }, callOptions(c))
    return c.json(statusDocument(job, c.get('base')))
  })
}

/** @throws WarrenError NO_SUCH_JOB on what can be no id */
export function requireJobId(id: string): string {
  if (JobId.safeParse(id).success) return id
  throw new WarrenError('NO_SUCH_JOB', `There is no job "${id.slice(0, 100)}"`)
}

function url(base: string, query: URLSearchParams, after?: string): string {
  const parameters = new URLSearchParams(query)
  if (after !== undefined) parameters.set('after', after)
  const search = parameters.size > 0 ? `?${parameters.toString()}` : ''
  return `${base}/jobs${search}`
}
