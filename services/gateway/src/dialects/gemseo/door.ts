import type { Next } from 'hono'
import type { RequestContext } from '../../env.ts'
import { bare, detail, saysBare } from './errors.ts'

const challenge = { 'WWW-Authenticate': 'Bearer' }

/**
 * Who asks here is a user with a token, on this machine too, and an administrator sees no more than others: the API
 * knows no roles.
 */
export async function door(c: RequestContext, next: Next): Promise<Response | void> {
  const refusal = c.get('refusal')
  const principal = c.get('principal')
  const say = saysBare(c) ? bare : detail
  if (refusal?.code === 'UNAUTHENTICATED' && /^bearer\b/i.test(c.req.header('authorization') ?? '')) {
    return say(401, 'Could not validate credentials', challenge)
  }
  if (refusal?.code === 'FORBIDDEN') return say(400, 'Inactive user')
  if (refusal && refusal.code !== 'UNAUTHENTICATED') throw refusal
  if (!principal.user) return say(401, 'Not authenticated', challenge)
  c.set('principal', { ...principal, roles: [] })
  await next()
}
