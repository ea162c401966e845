import type { HttpBindings } from '@hono/node-server'
import type { Context as HonoContext, Hono } from 'hono'
import type { Principal } from './auth.ts'

/** What every request carries. */
export interface Env {
  Bindings: Partial<HttpBindings>
  Variables: {
    requestId: string
    /** Base of absolute links, without a slash at its end. */
    base: string
    principal: Principal
  }
}

export type RequestContext = HonoContext<Env>
export type App = Hono<Env>
