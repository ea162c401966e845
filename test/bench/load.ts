import { connect, type Socket } from 'node:net'

export interface Target {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Status that counts as success. */
  readonly status: number
}

export interface LoadOptions {
  readonly connections: number
  /** How long to send, or how many requests in all. */
  readonly forMs?: number
  readonly requests?: number
  /** Requests per second, whether answers come or not (open loop); without it each answer brings the next request. */
  readonly rate?: number
}

export interface Load {
  readonly requests: number
  readonly failed: number
  readonly seconds: number
  readonly perSecond: number
  /** ms at a quantile of 0 to 1; in an open loop from the time when the request was due */
  quantile(q: number): number
}

/**
 * Loads a server over plain keep-alive connections: as little as a client can cost, because it shares the machine with
 * what it measures.
 */
export async function load(target: Target, options: LoadOptions): Promise<Load> {
  const { connections, forMs = Infinity, requests = Infinity, rate } = options
  const started = performance.now()
  const latencies: number[] = []
  let failed = 0
  let sent = 0
  const head = requestText(target)
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(new URL(target.url))))
  await Promise.all(
    sockets.map(async (socket) => {
      const exchange = exchanger(socket)
      for (;;) {
        const due = rate === undefined ? performance.now() : started + (sent / rate) * 1_000
        if (due - started >= forMs || sent >= requests) break
        sent++
        await until(due)
        if ((await exchange(head)) !== target.status) failed++
        latencies.push(performance.now() - due)
      }
      socket.destroy()
    }),
  )
  const seconds = (performance.now() - started) / 1_000
  const sorted = Float64Array.from(latencies).toSorted()
  return {
    requests: latencies.length,
    failed,
    seconds,
    perSecond: latencies.length / seconds,
    quantile: (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN,
  }
}

function requestText({ url, method = 'POST', headers = {}, body = '' }: Target): string {
  const { host, pathname } = new URL(url)
  const lines = Object.entries({
    host,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  return `${method} ${pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

function open({ hostname, port }: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** One request at a time on a socket; resolves to the status of the answer once it is there whole. */
function exchanger(socket: Socket): (request: string) => Promise<number> {
  let text = ''
  let settle: ((status: number) => void) | undefined
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1]
    if (length === undefined) throw new Error('an answer without Content-Length')
    if (text.length < end + 4 + Number(length)) return
    const status = Number(text.slice(9, 12))
    text = ''
    settle?.(status)
  })
  socket.on('close', () => settle?.(0))
  return (request) =>
    new Promise((resolve) => {
      settle = resolve
      socket.write(request)
    })
}

/** Timers are too coarse for rates of thousands a second: a short wait is a few turns of the event loop. */
async function until(due: number): Promise<void> {
  const left = due - performance.now()
  if (left > 2) await new Promise((resolve) => setTimeout(resolve, left - 1))
  while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve))
}
