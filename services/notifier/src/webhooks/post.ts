import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { checkedAddress, Refused, type Address } from './address.ts'
import type { Allowed } from './allowed.ts'
import { signature } from './sign.ts'

export interface Message {
  readonly id: string
  readonly url: string
  readonly contentType: string
  readonly body: string
  readonly secret: string
}

export interface Outcome {
  readonly delivered: boolean
  /** HTTP status, when there was an answer. */
  readonly status: number | null
  /** Why it was not delivered. */
  readonly error: string | null
  /** No further try can succeed. */
  readonly hopeless?: boolean
}

const TIMEOUT_MS = 10_000
const ANSWER_BYTES_MOST = 1_024
const GONE = 410

/** Tries once. Only a status of 200 to 299 counts, so a redirect is a failure and is not followed. */
export async function post(message: Message, allowed: Allowed, stop: AbortSignal): Promise<Outcome> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)])
  try {
    const url = new URL(message.url)
    const address = await orAborted(checkedAddress(url, allowed), signal)
    const status = await send(url, address, message, signal)
    if (status >= 200 && status < 300) return { delivered: true, status, error: null }
    return { delivered: false, status, error: explain(status), hopeless: status === GONE }
  } catch (error) {
    const timedOut = signal.aborted && !stop.aborted
    const reason = timedOut ? `no answer within ${TIMEOUT_MS / 1_000} s` : (error as Error).message
    return { delivered: false, status: null, error: reason, hopeless: error instanceof Refused }
  }
}

/** A look-up of a name cannot be aborted, only given up. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {})
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return await Promise.race([work, promise])
}

function explain(status: number): string {
  if (status === GONE) return 'HTTP 410: the receiver wants no more messages'
  return status >= 300 && status < 400 ? `HTTP ${status}: redirects are not followed` : `HTTP ${status}`
}

function send(url: URL, address: Address, message: Message, signal: AbortSignal): Promise<number> {
  const { id, contentType, body, secret } = message
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const options = {
    method: 'POST',
    agent: false as const,
    lookup: always(address),
    signal,
    headers: {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      'user-agent': 'Warren',
      ...signature(secret, id, body),
    },
  }
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, (answer) => {
      resolve(answer.statusCode ?? 0)
      finish(answer)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function always({ address, family }: Address): LookupFunction {
  return (_host, options, done) => {
    if (options.all) done(null, [{ address, family }])
    else done(null, address, family)
  }
}

/** Nobody reads the answer; a short one is let through, so that the receiver sees its answer taken. */
function finish(answer: IncomingMessage): void {
  let bytes = 0
  answer.on('error', () => {})
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MOST) answer.destroy()
  })
}
