const ADMIN = 'admin'

/** A job is its owner's business, and an administrator's. To others it does not exist. */
export function maySee(owner: string, principal: string, roles: readonly string[]): boolean {
  return owner === principal || roles.includes(ADMIN)
}

/** The owner that a listing is limited to; undefined when it is not. */
export function onlyOwner(principal: string, roles: readonly string[]): string | undefined {
  return roles.includes(ADMIN) ? undefined : principal
}
