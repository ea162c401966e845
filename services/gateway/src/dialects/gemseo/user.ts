import type { App } from '../../env.ts'
import { slashed } from './paths.ts'

/** `GET /v1/user/me/`, without the hash of the password that the original adds. */
export function userRoute(v1: App): void {
  v1.on('GET', slashed('/user/me'), (c) => {
    const { number, name, disabled } = c.get('principal').user ?? {}
    return c.json({ id: number, username: name, email: null, full_name: null, disabled })
  })
}
