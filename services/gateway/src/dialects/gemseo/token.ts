import { WarrenError } from '@warren/contracts'
import { readText } from '../../body.ts'
import type { Context } from '../../context.ts'
import type { App, RequestContext } from '../../env.ts'
import { detail, foreignError, missing, type Invalid } from './errors.ts'
import { slashed } from './paths.ts'

const MOST_BYTES = 16_384

/**
 * `POST /token`: name and password for a token (RFC 6749, section 4.3). `token` is what clients of gemseo-http 1 read,
 * `access_token` what all others do.
 */
export function tokenRoute(app: App, { registry }: Pick<Context, 'registry'>): void {
  app.on('POST', slashed('/token'), async (c) => {
    const form = new URLSearchParams(await readText(c, MOST_BYTES))
    const name = form.get('username')
    const password = form.get('password')
    const invalid = [
      ...((form.get('grant_type') ?? 'password') === 'password' ? [] : [badGrant(form.get('grant_type'))]),
      ...(name === null ? [missing('username')] : []),
      ...(password === null ? [missing('password')] : []),
    ]
    if (name === null || password === null || invalid.length > 0) return detail(422, invalid)
    return await logIn(c, name, password)
  })

  async function logIn(c: RequestContext, name: string, password: string): Promise<Response> {
    try {
      const options = { signal: c.req.raw.signal, requestId: c.get('requestId'), ...c.get('trace') }
      const { token } = await registry.logIn({ name, password }, options)
      const body = { access_token: token, token_type: 'bearer', token }
      return Response.json(body, { headers: { 'Cache-Control': 'no-store' } })
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error
      if (error.code !== 'UNAUTHENTICATED' && error.code !== 'BAD_INPUT') return foreignError(c, error)
      return detail(401, 'Incorrect username or password', { 'WWW-Authenticate': 'Bearer' })
    }
  }
}

function badGrant(input: string | null): Invalid {
  const msg = "String should match pattern '^password$'"
  return { type: 'string_pattern_mismatch', loc: ['body', 'grant_type'], msg, input }
}
