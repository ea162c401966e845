import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

export interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

export interface Answered {
  readonly status: number
  readonly text: string
}

/** Why a request was sent again. */
export type Retried = 'refused' | 'closed' | 'told to'

/**
 * A client with connections that it keeps, in front of several gateways. It sends an idempotent request again where RFC
 * 9110 lets it, and nowhere else: the connection was refused, or closed before an answer began (9.2.2), or the answer is
 * 503 with `Retry-After` (15.6.4). Then it tries another gateway.
 */
export interface Patient {
  ask(asked: Asked): Promise<Answered>
  readonly retried: Readonly<Record<Retried, number>>
  close(): void
}

const GIVE_UP_MS = 15_000

export function createPatient(urls: readonly string[]): Patient {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const retried = { refused: 0, closed: 0, 'told to': 0 }
  let turn = 0
  return { ask, retried, close: () => agent.destroy() }

  async function ask(asked: Asked): Promise<Answered> {
    const until = Date.now() + GIVE_UP_MS
    for (;;) {
      const result = await send(urls[turn++ % urls.length] as string, asked)
      if ('status' in result && result.retryAfterS === undefined) return result
      if (Date.now() > until) throw new Error(`${asked.method} ${asked.path}: given up at ${JSON.stringify(result)}`)
      if ('status' in result) {
        retried['told to']++
        await wait((result.retryAfterS ?? 1) * 1_000)
      } else {
        retried[result.retry]++
        await wait(20)
      }
    }
  }

  function send(
    url: string,
    { method, path, headers, body }: Asked,
  ): Promise<(Answered & { retryAfterS: number | undefined }) | { retry: 'refused' | 'closed' }> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    return new Promise((resolve, reject) => {
      let began = false
      const sent = request(`${url}${path}`, {
        method,
        agent,
        headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
      })
      sent.on('response', (response) => {
        began = true
        let answer = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (answer += chunk))
        response.on('error', reject)
        response.on('end', () => {
          const status = response.statusCode as number
          const after = status === 503 ? response.headers['retry-after'] : undefined
          resolve({ status, text: answer, retryAfterS: after === undefined ? undefined : Number(after) })
        })
      })
      sent.on('error', (error: NodeJS.ErrnoException) => {
        if (began) return reject(error)
        if (error.code === 'ECONNREFUSED') return resolve({ retry: 'refused' })
        if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return resolve({ retry: 'closed' })
        reject(error)
      })
      sent.end(text)
    })
  }
}
