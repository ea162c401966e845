import { WarrenError } from '@warren/contracts'
import type { RequestContext } from '../env.ts'
import { unknownParameter } from '../routes.ts'

/** Query parameters by name; several values are repeated or separated by commas. */
export type Query = Readonly<Record<string, readonly string[]>>

/** @throws WarrenError BAD_QUERY on a parameter that is not allowed (OGC API - Common, `query-param-unknown`) */
export function readQuery(c: RequestContext, allowed: readonly string[]): Query {
  const given = c.req.queries()
  for (const name of Object.keys(given)) if (!allowed.includes(name)) throw unknownParameter(name)
  return Object.fromEntries(
    Object.entries(given).map(([name, values]) => [name, values.flatMap((value) => value.split(',')).filter(Boolean)]),
  )
}

export function badQuery(name: string, message: string, got: unknown): WarrenError {
  return new WarrenError('BAD_QUERY', `${name}: ${message}`, {
    errors: [{ pointer: `/${name}`, code: 'invalid', message, got }],
  })
}

const LIMIT = { standard: 10, most: 10_000 }

/** @throws WarrenError BAD_QUERY unless it is an integer from 1 to the most, 10000 unless told */
export function readLimit({ limit }: Query, { standard, most } = LIMIT): number {
  if (limit === undefined) return standard
  const [text = ''] = limit
  const value = Number(text)
  if (limit.length === 1 && /^\d+$/.test(text) && value >= 1 && value <= most) return value
  throw badQuery('limit', `must be an integer from 1 to ${most}`, limit.join(','))
}
