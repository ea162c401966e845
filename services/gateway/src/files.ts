import { files } from '@warren/contracts'
import type { Context } from './context.ts'
import type { App, RequestContext } from './env.ts'
import { forward } from './forward.ts'

/** What a page of another origin may send, beside what browsers always let it. */
const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const fields = [
  'Authorization, Content-Type, Content-Disposition, Content-Digest, Idempotency-Key, If-Match, If-None-Match, If-Range, Prefer, Range',
  'Tus-Resumable, Upload-Checksum, Upload-Concat, Upload-Defer-Length, Upload-Length, Upload-Metadata, Upload-Offset',
  'X-HTTP-Method-Override, X-Request-Id, Traceparent',
].join(', ')

/** `/files` and `/folders` as the files service answers them, which has no port of its own. */
export function fileRoutes(app: App, context: Pick<Context, 'apps' | 'config' | 'isDraining' | 'log'>): void {
  for (const path of ['/files', '/files/*', '/folders', '/folders/*']) app.all(path, passOn)

  async function passOn(c: RequestContext): Promise<Response> {
    if (c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined) {
      const headers = { 'Access-Control-Allow-Methods': methods, 'Access-Control-Allow-Headers': fields }
      return new Response(null, { status: 204, headers: { ...headers, 'Access-Control-Max-Age': '600' } })
    }
    const { pathname, search } = new URL(c.req.url)
    return await forward(c, context, { app: files.name, prefix: '', target: pathname + search })
  }
}
