const ADMIN = 'admin'

/** Who asks without saying who: somebody with direct access to the broker. */
const LOCAL = 'local'

export interface Asker {
  readonly principal: string
  readonly roles: readonly string[]
}

export function isAdmin({ roles }: Asker): boolean {
  return roles.includes(ADMIN)
}

/** A subscription is its owner's business, and an administrator's. To others it does not exist. */
export function maySee(owner: string, asker: Asker): boolean {
  return owner === asker.principal || isAdmin(asker)
}

/** The owner that a listing is limited to; undefined when it is not. */
export function onlyOwner(asker: Asker): string | undefined {
  return isAdmin(asker) ? undefined : asker.principal
}

/** Parked messages are everybody's data: they are for those who run the installation. */
export function mayOperate(asker: Asker): boolean {
  return isAdmin(asker) || asker.principal === LOCAL
}
