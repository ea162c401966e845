import type { HttpBindings } from '@hono/node-server'
import type { WarrenError } from '@warren/contracts'
import type { TraceContext } from '@warren/mesh'
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
    /** Why it is not known who asks, where that may be answered all the same; see auth.ts */
    refusal: WarrenError | undefined
    /** Of the request's span where there is one, else as the client sent it. */
    trace: TraceContext
  }
}

export type RequestContext = HonoContext<Env>
export type App = Hono<Env>
