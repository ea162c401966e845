import { toProblem, type WarrenError } from '@warren/contracts'
import type { RequestContext } from '../../env.ts'

/** What is wrong with one value, as FastAPI says it. */
export interface Invalid {
  readonly type: string
  /** `body`, `query` or `path`, then names and indexes */
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly input: unknown
}

/** A member of the body that is not there. */
export function missing(...loc: string[]): Invalid {
  return { type: 'missing', loc: ['body', ...loc], msg: 'Field required', input: null }
}

/** `{"detail": …}`: the text of an error, or what is invalid where. */
export function detail(
  status: number,
  told: string | readonly Invalid[],
  headers: Record<string, string> = {},
): Response {
  return Response.json({ detail: told }, { status, headers })
}

/** A text as the whole JSON body: the files routes and the poll say errors so. */
export function bare(status: number, text: string, headers: Record<string, string> = {}): Response {
  return Response.json(text, { status, headers })
}

/**
 * Any error in the words of this API. Below `/v1/job/` it is a bare text: the client takes an object for a job, finds no
 * status in it, and asks again at once for hours.
 */
export function foreignError(c: RequestContext, error: WarrenError): Response {
  if (error.code === 'INTERNAL') return new Response('Internal Server Error', { status: 500, headers: text })
  const problem = toProblem(error)
  const status = error.code === 'BAD_INPUT' ? 422 : problem.status
  const { detail: told = error.message, retryAfter = status === 503 ? 1 : undefined } = problem
  const headers = { ...(retryAfter !== undefined && { 'Retry-After': String(Math.ceil(retryAfter)) }) }
  return saysBare(c) ? bare(status, told, headers) : detail(status, told, headers)
}

export function saysBare(c: RequestContext): boolean {
  return c.req.path.startsWith('/v1/job/')
}

const text = { 'Content-Type': 'text/plain; charset=utf-8' }
