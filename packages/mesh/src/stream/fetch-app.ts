import type { Mesh } from '../mesh.ts'
import { readable } from './app-request.ts'
import { byteSource } from './byte-source.ts'
import type { ExchangeOptions } from './app-ask.ts'
import { openExchange } from './exchange.ts'

export type FetchAppOptions = Omit<ExchangeOptions, 'bodyWanted' | 'informed'>

/**
 * `fetch` for an app that is served over the mesh; scheme and host of the URL are what the app sees, and not where it is.
 * The deadline holds until the answer begins; its body may take as long as it is alive.
 *
 * @throws WarrenError as `openExchange`; the body of the response errors with PEER_LOST when the app dies meanwhile
 */
export async function fetchApp(
  mesh: Mesh,
  app: string,
  request: Request,
  options: FetchAppOptions = {},
): Promise<Response> {
  const { protocol, host, pathname, search } = new URL(request.url)
  const signal = options.signal ? AbortSignal.any([options.signal, request.signal]) : request.signal
  const answer = await openExchange(
    mesh,
    app,
    {
      method: request.method,
      scheme: protocol.slice(0, -1),
      authority: host,
      target: pathname + search,
      fields: [...request.headers],
      ...(request.body && { body: byteSource(request.body) }),
    },
    { ...options, signal },
  )
  const { status, fields, body, cancel } = answer
  const hasBody = request.method !== 'HEAD' && ![204, 205, 304].includes(status)
  if (!hasBody) body.drop()
  return new Response(hasBody ? readable(body, cancel) : null, {
    status,
    headers: fields.map(([name, value]) => [name, value] as [string, string]),
  })
}
