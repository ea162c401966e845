import { commonErrors, type RouteDocument } from '@warren/contracts'
import { z } from 'zod'
import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { requireJobId } from '../ogc/jobs.ts'
import { findAccount } from './account.ts'
import { provDocument } from './prov.ts'
import { roCrate } from './ro-crate.ts'

const LD = 'application/ld+json'
const JSON_TYPE = 'application/json'

/** How a job came to what it gave: process version, inputs and outputs with digests, times, executor. */
export function provenanceRoutes(app: App, context: Context): void {
  app.get('/jobs/:id/prov', async (c) => {
    return c.json(provDocument(await findAccount(c, requireJobId(c.req.param('id')), context)))
  })

  app.get('/jobs/:id/ro-crate', async (c) => {
    const crate = roCrate(await findAccount(c, requireJobId(c.req.param('id')), context))
    return c.body(JSON.stringify(crate), 200, { 'Content-Type': LD })
  })
}

const Relations = z.record(z.string(), z.record(z.string(), z.unknown())).optional()
const Prov = z.looseObject({
  prefix: z.record(z.string(), z.string()),
  entity: Relations,
  activity: Relations,
  agent: Relations,
  used: Relations,
  wasGeneratedBy: Relations,
  wasAssociatedWith: Relations,
})
const Crate = z.object({
  '@context': z.array(z.unknown()),
  '@graph': z.array(z.looseObject({ '@id': z.string(), '@type': z.string() })),
})

export const provenanceDocuments: readonly RouteDocument[] = [
  document('/jobs/:id/prov', 'prov', 'Read how a job came to what it gave, as W3C PROV-JSON', JSON_TYPE, Prov),
  document(
    '/jobs/:id/ro-crate',
    'roCrate',
    'The same as RO-Crate 1.1, a metadata document of files on the web',
    LD,
    Crate,
  ),
]

function document(path: string, name: string, summary: string, media: string, type: z.ZodType): RouteDocument {
  return {
    method: 'GET',
    path,
    id: `gateway_${name}`,
    tag: 'processes',
    summary,
    parameters: z.object({ id: z.string() }),
    responses: { 200: { description: 'The document', content: { [media]: type } } },
    errors: [...commonErrors, 'NO_SUCH_JOB'],
  }
}
