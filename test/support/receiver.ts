import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** ms of the process's clock */
  readonly at: number
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The answer waits for it. */
  readonly after?: Promise<unknown>
}

/** An HTTP server that keeps what is posted to it, and answers as it is told. */
export interface Receiver {
  readonly url: string
  readonly received: Received[]
  /** What came to a path. */
  at(path: string): Received[]
  /** Requests not answered yet, now and at most. */
  readonly open: { now: number; most: number }
  close(): Promise<void>
}

export async function startReceiver(
  answer: (received: Received) => Answer = () => ({ status: 204 }),
  port = 0,
): Promise<Receiver> {
  const received: Received[] = []
  const open = { now: 0, most: 0 }
  const server = createServer((request, response) => {
    open.most = Math.max(open.most, ++open.now)
    response.on('close', () => open.now--)
    void take(request, response)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    at: (path) => received.filter((one) => one.path === path),
    open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '', headers } = request
    const body = await read(request)
    const one = { path: url, headers: headers as Record<string, string>, body, at: performance.now() }
    received.push(one)
    const { status, headers: own, body: text, after } = answer(one)
    await after
    response.writeHead(status, own).end(text)
  }
}

/** What the reference library of Standard Webhooks makes of a message. @throws when the signature is not right */
export function verified(secret: string, { body, headers }: Received): unknown {
  return new Webhook(secret).verify(body, headers)
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
