import { ADMIN, LOCAL, WarrenError, type User } from '@warren/contracts'
import type { Config } from './config.ts'
import type { Registry } from './context.ts'
import type { RequestContext } from './env.ts'

export interface Principal {
  readonly id: string
  readonly roles: readonly string[]
  /** Where a token says who it is */
  readonly user?: User
}

/** A user is known for so long, and so may do for so long what he may no longer do; never beyond the end of the token. */
const FRESH_MS = 30_000
const MOST = 10_000
const PATIENCE_MS = 3_000

const local: Principal = { id: LOCAL, roles: [ADMIN] }
const nobody: Principal = { id: 'nobody', roles: [] }

/**
 * What is for everybody: how we are, what we are, and how to get a token. Below `/v1` and `/nrp` the dialects refuse, in
 * the words of their APIs; whom nobody knows nothing belongs to.
 */
const isOpen = /^\/(livez|readyz|openapi\.json|api|asyncapi\.json|docs|problems|token|v1|nrp)(?=\/|$)/

/**
 * Finds out who asks. Without a token it is the local principal, as long as only programs of this machine can ask, and
 * that costs nothing. Gives the refusal of a request that is not to be served.
 */
export function createAdmission(
  { requiresToken }: Config,
  registry: Registry,
): (c: RequestContext) => WarrenError | undefined | Promise<WarrenError | undefined> {
  const identify = rememberUsers(registry)

  return function admit(c) {
    const authorization = c.req.header('authorization')
    if (authorization === undefined && !requiresToken) return admitLocal(c)
    return admitToken(c, /^bearer\b\s*(.*)$/i.exec(authorization ?? '')?.[1])
  }

  async function admitToken(c: RequestContext, token: string | undefined): Promise<WarrenError | undefined> {
    // other schemes are a matter between client and app
    if (token === undefined && !requiresToken) return admitLocal(c)
    try {
      if (token === undefined) throw new WarrenError('UNAUTHENTICATED', 'Send "Authorization: Bearer …"')
      c.set('principal', await identify(token, c))
      return undefined
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error
      c.set('principal', nobody)
      if (isPreflight(c)) return undefined
      c.set('refusal', error)
      return isOpen.test(c.req.path) ? undefined : error
    }
  }
}

function admitLocal(c: RequestContext): undefined {
  c.set('principal', local)
}

type Identify = (token: string, c: RequestContext) => Promise<Principal>

/** @throws WarrenError UNAUTHENTICATED; FORBIDDEN of a user who is disabled; or that the registry cannot be asked */
function rememberUsers(registry: Registry): Identify {
  const known = new Map<string, { readonly principal: Promise<Principal>; until: number }>()

  return function identify(token, c) {
    const entry = known.get(token)
    if (entry && entry.until > Date.now()) return entry.principal
    const fresh = { principal: ask(token, c), until: Date.now() + FRESH_MS }
    known.delete(token)
    known.set(token, fresh)
    for (const [oldest] of known) {
      if (known.size <= MOST) break
      known.delete(oldest)
    }
    return fresh.principal
  }

  async function ask(token: string, c: RequestContext): Promise<Principal> {
    try {
      const options = { deadlineMs: PATIENCE_MS, requestId: c.get('requestId'), ...c.get('trace') }
      const { user, expiresAt } = await registry.identify({ token }, options)
      if (user.disabled) throw new WarrenError('FORBIDDEN', 'The user is disabled')
      const entry = known.get(token)
      if (entry) entry.until = Math.min(entry.until, Date.parse(expiresAt))
      return { id: user.id, roles: user.roles, user }
    } catch (error) {
      known.delete(token)
      throw error
    }
  }
}

/** A page's browser asks without a token whether the page may send one. */
function isPreflight(c: RequestContext): boolean {
  return c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined
}
