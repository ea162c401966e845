import { randomBytes } from 'node:crypto'
import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { extname } from 'node:path'

/** What httpx 0.28 sends with every request, in its order and case; the request's own come behind. */
const standard = ['Accept', '*/*', 'Accept-Encoding', 'gzip, deflate', 'Connection', 'keep-alive']
const agentName = ['User-Agent', 'python-httpx/0.28.1']

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
  /** ms until the head, and the longest silence in the body */
  readonly headMs: number
  readonly silenceMs: number
}

export interface Body {
  readonly type: string
  readonly bytes: Buffer
}

export interface Httpx {
  readonly url: string
  (method: 'GET' | 'POST', path: string, token?: string, body?: Body, more?: readonly string[]): Promise<Reply>
  close(): void
}

/** A client as httpx makes one: it keeps its connection, follows no redirect, and gives up after 5 s of silence. */
export function openHttpx(url: string, readTimeoutMs = 5_000): Httpx {
  const agent = new Agent({ keepAlive: true })
  const { host } = new URL(url)

  function send(
    method: 'GET' | 'POST',
    path: string,
    token?: string,
    body?: Body,
    more: readonly string[] = [],
  ): Promise<Reply> {
    const headers = ['Host', host, ...standard, ...agentName, ...more]
    if (token !== undefined) headers.push('Authorization', `Bearer ${token}`)
    if (body) headers.push('Content-Length', String(body.bytes.byteLength), 'Content-Type', body.type)
    else if (method === 'POST') headers.push('Content-Length', '0')
    return new Promise((resolve, reject) => {
      const since = performance.now()
      const asked = request(`${url}${path}`, { method, agent, headers, timeout: readTimeoutMs })
      asked.on('timeout', () => asked.destroy(new Error('ReadTimeout')))
      asked.on('error', reject)
      asked.on('response', (answer) => {
        const headMs = performance.now() - since
        const chunks: Buffer[] = []
        let silenceMs = 0
        let last = performance.now()
        answer.on('data', (chunk: Buffer) => {
          silenceMs = Math.max(silenceMs, performance.now() - last)
          last = performance.now()
          chunks.push(chunk)
        })
        answer.on('error', reject)
        answer.on('end', () => {
          const all = Buffer.concat(chunks)
          const { statusCode: status = 0, headers } = answer
          resolve({ status, headers, body: all, text: all.toString(), headMs, silenceMs })
        })
      })
      asked.end(body?.bytes)
    })
  }

  return Object.assign(send, { url, close: () => agent.destroy() })
}

export function jsonBody(text: string): Body {
  return { type: 'application/json', bytes: Buffer.from(text) }
}

export function formBody(fields: Readonly<Record<string, string>>): Body {
  const bytes = Buffer.from(new URLSearchParams(fields).toString())
  return { type: 'application/x-www-form-urlencoded', bytes }
}

/** What Python guesses */
const types: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.txt': 'text/plain',
  '.csv': 'text/csv',
}

/** Fields first, then the files, as httpx puts them. */
export function multipartBody(
  fields: Readonly<Record<string, string>>,
  file: { readonly name: string; readonly bytes: Uint8Array },
): Body {
  const boundary = randomBytes(16).toString('hex')
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="${file.name}"\r\n` +
    `Content-Type: ${types[extname(file.name)] ?? 'application/octet-stream'}\r\n\r\n`
  const bytes = Buffer.concat([Buffer.from(parts.join('') + head), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return { type: `multipart/form-data; boundary=${boundary}`, bytes }
}
