import { ADMIN, LOCAL } from '@warren/contracts'
export interface Principal {
  readonly id: string
  readonly roles: readonly string[]
}

const local: Principal = { id: LOCAL, roles: [ADMIN] }

/** Who asks. There is one principal as long as only programs of this machine can ask. */
export function authenticate(): Principal {
  return local
}
