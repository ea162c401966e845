/** Who asks, as it travels with every message. */
export interface Asker {
  readonly principal: string
  readonly roles: readonly string[]
}

/** Who asks without saying who: somebody with direct access to the broker. */
export const LOCAL = 'local'
export const ADMIN = 'admin'

export function isAdmin({ roles }: Asker): boolean {
  return roles.includes(ADMIN)
}

/** What somebody owns is their business, and an administrator's. To others it does not exist. */
export function maySee(owner: string, asker: Asker): boolean {
  return owner === asker.principal || isAdmin(asker)
}

/** The owner that a listing is limited to; undefined when it is not. */
export function onlyOwner(asker: Asker): string | undefined {
  return isAdmin(asker) ? undefined : asker.principal
}

/** What belongs to everybody, such as parked messages, is for those who run the installation. */
export function mayOperate(asker: Asker): boolean {
  return isAdmin(asker) || asker.principal === LOCAL
}
