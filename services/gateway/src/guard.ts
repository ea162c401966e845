import { WarrenError } from '@warren/contracts'
import { isLoopback, type Config } from './config.ts'

export interface Claims {
  readonly method: string
  readonly host: string
  readonly origin: string | undefined
  readonly base: string
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses what only a browser under foreign control sends: a `Host` that is not ours (DNS rebinding) and an unsafe
 * method with a foreign `Origin` (cross-site request forgery).
 */
export function createGuard(config: Config): (claims: Claims) => WarrenError | undefined {
  const checksHost = isLoopback(config.host)
  const publicHost = config.publicUrl && new URL(config.publicUrl).host

  return function guard({ method, host, origin, base }) {
    if (checksHost && host !== publicHost && !isLoopback(hostName(host))) {
      return new WarrenError('FORBIDDEN', 'The Host header names another host than this one')
    }
    if (origin === undefined || safe.has(method) || isAllowedOrigin(origin, base, config)) return undefined
    return new WarrenError('FORBIDDEN', 'Requests from other web origins are not allowed')
  }
}

/** Whether a page of this origin may read answers and send unsafe requests. */
export function isAllowedOrigin(origin: string, base: string, { corsOrigins }: Config): boolean {
  return origin === base || corsOrigins.includes(origin) || corsOrigins.includes('*')
}

function hostName(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
}
