import { z } from 'zod'
import type { App } from '../env.ts'
import { requireJson } from './accept.ts'
import { readQuery } from './query.ts'

export const Conformance = z.object({ conformsTo: z.array(z.string()) }).meta({ id: 'Conformance' })

const part1 = 'http://www.opengis.net/spec/ogcapi-processes-1'

/** What the tests in `test/ogc` show; nothing else is declared. */
export const conformsTo = [
  ...['core', 'json', 'oas30', 'ogc-process-description', 'job-list', 'dismiss'].map(
    (name) => `${part1}/1.0/conf/${name}`,
  ),
  ...['core', 'json', 'oas31', 'ogc-process-description', 'job-list', 'dismiss'].map(
    (name) => `${part1}/2.0/conf/${name}`,
  ),
]

/** OGC API - Processes - Part 1, 7.4: declaration of conformance classes. */
export function conformanceRoute(app: App): void {
  app.get('/conformance', (c) => {
    requireJson(c.req.header('accept'))
    readQuery(c, [])
    return c.json({ conformsTo })
  })
}
