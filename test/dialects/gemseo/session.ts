import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after } from 'node:test'
import { startPlatform, type Platform } from '../../support/platform.ts'
import type { StackOptions } from '../../support/stack.ts'
import { construct, logIn, type HttpDiscipline, type Options } from './client.ts'
import { openHttpx, type Httpx } from './httpx.ts'

/** A platform with users, for the tests of a file; all of it is gone after them. */
export interface Session extends Platform {
  readonly httpx: Httpx
  /** A token of a user, who is made when first asked for. */
  tokenOf(user: string): Promise<string>
  /** A discipline of `ada`, unless told otherwise. */
  discipline(className: string, options?: Told): Promise<HttpDiscipline>
}

type Told = { readonly [Name in keyof Options]?: Options[Name] | undefined }

export const password = 'correct horse'
const root = join(import.meta.dirname, '../../..')

export async function startSession(options: StackOptions = {}): Promise<Session> {
  const processes = [join(root, 'processes'), join(root, 'test/processes')]
  const platform = await startPlatform({ processes, slots: 4, ...options })
  const { http, stack } = platform
  const httpx = openHttpx(stack.url)
  const open: { close(): void }[] = [httpx]
  const tokens = new Map<string, Promise<string>>()
  after(() => {
    for (const { close } of open) close()
  })
  return { ...platform, httpx, tokenOf, discipline }

  function tokenOf(user: string): Promise<string> {
    const token = tokens.get(user) ?? enter(user)
    tokens.set(user, token)
    return token
  }

  async function enter(name: string): Promise<string> {
    const created = await http('/users', { method: 'POST', json: { name, password } })
    assert.equal(created.status, 201, created.text)
    return logIn(httpx, name, password)
  }

  async function discipline(className: string, options: Told = {}): Promise<HttpDiscipline> {
    const token = 'token' in options ? {} : { token: await tokenOf('ada') }
    const told = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
    const made = await construct({ url: stack.url, className, ...token, ...told })
    open.push(made)
    return made
  }
}
