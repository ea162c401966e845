import { getRequestListener } from '@hono/node-server'
import type { RunningService } from '@warren/mesh'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { catalogue, problemType, type Code } from '@warren/contracts'
import { isTunnelled } from './apps.ts'
import type { Config } from './config.ts'
import type { App } from './env.ts'

const GRACE_MS = 10_000
const HEADER_MOST_BYTES = 49_152

export interface HttpServer {
  readonly url: string
  /** Stops accepting, lets requests under way finish, and ends those that take too long. */
  drain(): Promise<void>
}

/** Listens for HTTP/1.1. */
export async function listen(
  app: App,
  { host, port }: Config,
  service: Pick<RunningService, 'log'>,
): Promise<HttpServer> {
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings), {
    hostname: host,
    // what the adapter itself cannot make a request of, such as a Host header that is no host
    errorHandler: () => problem('FORBIDDEN', 'The request has no usable target or Host header'),
  })
  const server = createServer(
    // n.b. no limit for a whole request: a large upload takes as long as it takes
    { keepAliveTimeout: 65_000, headersTimeout: 20_000, requestTimeout: 0, maxHeaderSize: HEADER_MOST_BYTES },
    (request, response) => {
      void listener(request, response)
    },
  )
  // what goes on to an app is asked for when the app reads it
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!isTunnelled(request.url ?? '')) response.writeContinue()
    void listener(request, response)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(socket, error.code))

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { address, port: actual, family } = server.address() as AddressInfo
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`
  service.log.info({ url }, 'listening')
  return { url, drain }

  async function drain(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS)
    await closed
    clearTimeout(grace)
  }
}

/** Bytes that are no HTTP request, or come too slowly. */
function refuse(socket: Socket & { _httpMessage?: ServerResponse | null }, code: string | undefined): void {
  // a response that has begun cannot be followed by another
  if (!socket.writable || socket._httpMessage?.headersSent) return void socket.destroy()
  const [status, reason, detail] =
    code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'Request Timeout', 'The request did not arrive in time']
      : code === 'HPE_HEADER_OVERFLOW'
        ? [431, 'Request Header Fields Too Large', 'The header is too large']
        : [400, 'Bad Request', 'This is not an HTTP request']
  const body = JSON.stringify({ type: 'about:blank', title: reason, status, detail, code: 'BAD_INPUT' })
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

function problem(code: Code, detail: string): Response {
  const { title, http: status } = catalogue[code]
  return new Response(JSON.stringify({ type: problemType(code), title, status, detail, code }), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  })
}
