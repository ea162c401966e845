import { z } from 'zod'
import type { App } from '../env.ts'
import { requireJson } from './accept.ts'
import { jsonLink, Link, rel } from './links.ts'
import { readQuery } from './query.ts'

export const LandingPage = z
  .object({ title: z.string(), description: z.string(), links: z.array(Link) })
  .meta({ id: 'LandingPage' })

export const openApi30 = 'application/vnd.oai.openapi+json;version=3.0'
export const openApi31 = 'application/vnd.oai.openapi+json;version=3.1'

/** OGC API - Processes - Part 1, 7.2: landing page. */
export function landingRoute(app: App): void {
  app.get('/', (c) => {
    requireJson(c.req.header('accept'))
    readQuery(c, [])
    return c.json(landingPage(c.get('base')))
  })
}

function landingPage(base: string): z.infer<typeof LandingPage> {
  return {
    title: 'Warren',
    description: 'Functions, scripts and simulators as services',
    links: [
      jsonLink('self', `${base}/`, 'This document'),
      { href: `${base}/api`, rel: 'service-desc', type: openApi30, title: 'OpenAPI 3.0' },
      { href: `${base}/openapi.json`, rel: 'service-desc', type: openApi31, title: 'OpenAPI 3.1' },
      { href: `${base}/asyncapi.json`, rel: 'service-desc', type: 'application/vnd.aai.asyncapi+json;version=3.0.0' },
      { href: `${base}/docs`, rel: 'service-doc', type: 'text/html', title: 'API reference' },
      jsonLink(rel.conformance, `${base}/conformance`, 'Conformance classes'),
      jsonLink(rel.processes, `${base}/processes`, 'Processes'),
      jsonLink(rel.jobList, `${base}/jobs`, 'Jobs'),
      jsonLink('status', `${base}/readyz`, 'Readiness'),
    ],
  }
}
