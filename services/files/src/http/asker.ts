const ADMIN = 'admin'
/** Who asks without saying who: somebody with direct access to the broker. */
const LOCAL = 'local'

/** Who asks, as the tunnel attests. */
export interface Asker {
  readonly principal: string
  readonly roles: readonly string[]
}

export function askerOf(headers: Headers): Asker {
  const roles = headers.get('warren-roles')?.split(',') ?? []
  return { principal: headers.get('warren-principal') ?? LOCAL, roles: roles.map((role) => role.trim()) }
}

/** The owner whose files somebody sees; undefined when those of all. */
export function onlyOwner({ principal, roles }: Asker): string | undefined {
  return roles.includes(ADMIN) ? undefined : principal
}
