/** What a client prefers (RFC 7240, and `return` of its section 4.2). */
export interface Preferences {
  readonly respondAsync: boolean
  /** Seconds. */
  readonly wait?: number
  readonly returning?: 'minimal' | 'representation'
}

/** Longest time that a request is kept waiting; proxies cut longer ones. */
export const MAX_WAIT_SECONDS = 60

const none: Preferences = { respondAsync: false }

/** Reads a `Prefer` header. Unknown and malformed preferences are ignored, as RFC 7240 wants; the first of a name counts. */
export function parsePrefer(header: string | undefined): Preferences {
  if (header === undefined) return none
  const found = new Map<string, string>()
  for (const preference of header.split(',')) {
    const [token = ''] = preference.split(';')
    const [name = '', value = ''] = token.split('=')
    const key = name.trim().toLowerCase()
    if (!found.has(key)) found.set(key, value.trim().replace(/^"(.*)"$/, '$1'))
  }
  const wait = found.get('wait')
  const returning = found.get('return')
  return {
    respondAsync: found.has('respond-async'),
    ...(wait !== undefined && /^\d{1,9}$/.test(wait) && { wait: Number(wait) }),
    ...((returning === 'minimal' || returning === 'representation') && { returning }),
  }
}

export interface Plan {
  readonly mode: 'sync' | 'async'
  /** How long an asynchronous run may make the client wait for its results. */
  readonly waitSeconds: number
  /** For `Preference-Applied`. */
  readonly applied: readonly string[]
}

/**
 * How to run a process: OGC API - Processes - Part 1, 7.11.2.3 (execution mode), where a preference is a wish and the
 * process's `jobControlOptions` decide. With `wait` the client accepts either answer, so it is as good as asynchronous.
 */
export function planRun(jobControlOptions: readonly string[], { respondAsync, wait }: Preferences): Plan {
  const canSync = jobControlOptions.includes('sync-execute')
  const canAsync = jobControlOptions.includes('async-execute')
  if (!canAsync || (canSync && !respondAsync && wait === undefined)) {
    return { mode: 'sync', waitSeconds: 0, applied: [] }
  }
  const asked = respondAsync ? ['respond-async'] : []
  if (!canSync || wait === undefined) return { mode: 'async', waitSeconds: 0, applied: asked }
  const waitSeconds = Math.min(wait, MAX_WAIT_SECONDS)
  return { mode: 'async', waitSeconds, applied: [...asked, `wait=${waitSeconds}`] }
}
