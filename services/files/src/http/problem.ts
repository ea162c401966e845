import { toProblem, WarrenError } from '@warren/contracts'
import { asWarrenError } from '@warren/database'
import type { Logger } from '@warren/mesh'
import { nanoid } from 'nanoid'
import type { RequestContext } from '../env.ts'

/**
 * An error as a response: RFC 9457, with another status where its details name the one that a protocol fixes. One that is none of
 * ours says only under which id the log has it.
 */
export function problemResponse(
  c: RequestContext,
  thrown: unknown,
  log: Pick<Logger, 'error'>,
  headers?: Record<string, string>,
): Response {
  const error = thrown instanceof WarrenError ? thrown : (asWarrenError(thrown) ?? defect(thrown, log))
  const base = c.get('base')
  const { type, ...rest } = toProblem(error)
  const problem = {
    type: type.replace('urn:warren:problem:', `${base}/problems/`),
    instance: `${base}${c.req.path}`,
    ...rest,
  }
  const { retryAfter, status } = problem
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(retryAfter !== undefined && { 'Retry-After': String(Math.ceil(retryAfter)) }),
      ...headers,
    },
  })
}

function defect(error: unknown, log: Pick<Logger, 'error'>): WarrenError {
  const supportId = nanoid()
  log.error({ err: error, supportId }, 'request failed')
  return new WarrenError('INTERNAL', 'Something went wrong here; the log says what', { more: { supportId } })
}
