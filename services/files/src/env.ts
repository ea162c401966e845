import type { Asker } from '@warren/contracts'
import type { Context as HonoContext, Hono } from 'hono'

/** What every request carries. */
export interface Env {
  Variables: {
    asker: Asker
    /** Base of absolute links, without a slash at its end. */
    base: string
  }
}

export type RequestContext = HonoContext<Env>
export type App = Hono<Env>
