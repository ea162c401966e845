import { LOCAL, type Asker } from '@warren/contracts'

/** Who asks, as the tunnel attests. */
export function askerOf(headers: Headers): Asker {
  const roles = headers.get('warren-roles')?.split(',') ?? []
  return { principal: headers.get('warren-principal') ?? LOCAL, roles: roles.map((role) => role.trim()) }
}
