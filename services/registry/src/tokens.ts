import { randomBytes } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import type { Context } from './context.ts'
import { tokenKey } from './db/schema.ts'

const ALGORITHM = 'HS256'

/** What a token says: until when it is whose. */
export interface Claims {
  /** Number of the user */
  readonly number: number
  readonly generation: number
  readonly expiresAt: Date
}

/** JSON Web Tokens (RFC 7519) of this installation. */
export interface Tokens {
  issue(user: Omit<Claims, 'expiresAt'>): Promise<{ token: string; expiresAt: Date }>
  /** Undefined when it is none of ours, or its time is over. */
  read(token: string): Promise<Claims | undefined>
}

/** All instances share one key, which the first of them has made up. */
export async function openTokens(db: Context['db'], ttlS: number): Promise<Tokens> {
  const fresh = randomBytes(32).toString('base64')
  await db.insert(tokenKey).values({ key: fresh }).onConflictDoNothing()
  const [row] = await db.select().from(tokenKey)
  const key = Buffer.from((row as typeof tokenKey.$inferSelect).key, 'base64')
  return { issue, read }

  async function issue({ number, generation }: Omit<Claims, 'expiresAt'>) {
    const expires = Math.floor(Date.now() / 1_000) + ttlS
    const token = await new SignJWT({ gen: generation })
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(principalOf(number))
      .setIssuedAt()
      .setExpirationTime(expires)
      .sign(key)
    return { token, expiresAt: new Date(expires * 1_000) }
  }

  async function read(token: string): Promise<Claims | undefined> {
    const verified = await jwtVerify(token, key, { algorithms: [ALGORITHM], requiredClaims: ['sub', 'exp'] }).catch(
      () => undefined,
    )
    const { sub, gen, exp } = verified?.payload ?? {}
    const [, number] = /^user-(\d{1,9})$/.exec(sub ?? '') ?? []
    if (number === undefined || typeof gen !== 'number' || exp === undefined) return undefined
    return { number: Number(number), generation: gen, expiresAt: new Date(exp * 1_000) }
  }
}

/** The principal that a user is: never again another, whatever his name becomes. */
export function principalOf(number: number): string {
  return `user-${number}`
}
