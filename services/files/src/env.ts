import type { Asker } from '@warren/contracts'
import type { AppBindings } from '@warren/mesh'
import type { Context as HonoContext, Hono } from 'hono'

/** What every request carries. */
export interface Env {
  /** None where requests come some other way than over the mesh */
  Bindings: Partial<AppBindings>
  Variables: {
    asker: Asker
    /** Base of absolute links, without a slash at its end. */
    base: string
  }
}

export type RequestContext = HonoContext<Env>
export type App = Hono<Env>
