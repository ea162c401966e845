import { catalogue, problemType, WarrenError, type Code } from '@warren/contracts'
import { z } from 'zod'
import type { App } from './env.ts'
import { absoluteType } from './problem.ts'

export const ProblemKind = z.object({
  type: z.string(),
  code: z.string(),
  title: z.string(),
  status: z.int(),
  retry: z.enum(['never', 'later', 'idempotent']).meta({ description: 'Whether the same request may succeed later' }),
})

/** The catalogue of problems, which the `type` of each problem points into. */
export function problemRoutes(app: App): void {
  const codes = Object.keys(catalogue) as Code[]

  app.get('/problems', (c) => c.json({ problems: codes.map((code) => kind(code, c.get('base'))) }))

  app.get('/problems/:name', (c) => {
    const code = c.req.param('name').toUpperCase().replaceAll('-', '_')
    const found = codes.find((known) => known === code)
    if (!found) throw new WarrenError('NOT_FOUND', 'There is no such kind of problem')
    return c.json(kind(found, c.get('base')))
  })
}

function kind(code: Code, base: string): z.infer<typeof ProblemKind> {
  const { title, http, retry } = catalogue[code]
  return absoluteType({ type: problemType(code), code, title, status: http, retry }, base)
}
