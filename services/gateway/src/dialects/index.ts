import type { Context } from '../context.ts'
import type { App } from '../env.ts'

/** HTTP APIs of other systems, over the same operations. */
export function dialectRoutes(_app: App, _context: Context): void {}
