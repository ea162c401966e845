import { z } from 'zod'

/** RFC 8288 as OGC writes it down. `type` is never left out: some clients index it blindly. */
export const Link = z
  .object({
    href: z.string().meta({ description: 'Absolute URL' }),
    rel: z.string(),
    type: z.string(),
    title: z.string().optional(),
    method: z.string().optional().meta({ description: 'GET unless told (2.0)' }),
  })
  .meta({ id: 'Link' })
export type Link = z.infer<typeof Link>

const ogc = 'http://www.opengis.net/def/rel/ogc/1.0'

export const rel = {
  conformance: `${ogc}/conformance`,
  processes: `${ogc}/processes`,
  jobList: `${ogc}/job-list`,
  execute: `${ogc}/execute`,
  results: `${ogc}/results`,
  exceptions: `${ogc}/exceptions`,
} as const

/** A link to a JSON resource. */
export function jsonLink(rel: string, href: string, title?: string): Link {
  return { href, rel, type: 'application/json', ...(title && { title }) }
}

/** One `Link` header field value (RFC 8288). */
export function linkHeader(href: string, rel: string, type = 'application/json'): string {
  return `<${href}>; rel="${rel}"; type="${type}"`
}
