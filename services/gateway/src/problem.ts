import { toProblem, WarrenError, type Problem } from '@warren/contracts'
import type { RequestContext } from './env.ts'

/** Any error as a response: RFC 9457, with the content types that OGC tools compare exactly. */
export function problemResponse(c: RequestContext, error: WarrenError, headers: Record<string, string> = {}): Response {
  const base = c.get('base')
  const problem = absoluteType({ instance: `${base}${c.req.path}`, ...toProblem(error) }, base)
  const retryAfter = problem.retryAfter ?? (problem.status === 503 ? 1 : undefined)
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      'Content-Type': acceptsOnlyJson(c.req.header('accept')) ? 'application/json' : 'application/problem+json',
      ...(problem.status === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...(retryAfter !== undefined && { 'Retry-After': String(Math.ceil(retryAfter)) }),
      ...headers,
    },
  })
}

/** The error itself when it may cross the border, else one that says nothing but where to look. */
export function publicError(error: unknown, supportId: string): WarrenError {
  if (error instanceof WarrenError) return error
  return new WarrenError('INTERNAL', 'Something went wrong here; the log says what', { more: { supportId } })
}

/** Turns the URN of one of our own problem types into a link that is served. */
export function absoluteType<P extends Pick<Problem, 'type'>>(problem: P, base: string): P {
  const ours = /^urn:warren:problem:(.+)$/.exec(problem.type)
  return ours ? { ...problem, type: `${base}/problems/${ours[1]}` } : problem
}

function acceptsOnlyJson(accept: string | undefined): boolean {
  return accept?.split(',').every((range) => /^\s*application\/json\s*(;|$)/i.test(range)) ?? false
}
