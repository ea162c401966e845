import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Random } from './random.ts'

/** A message that a receiver of webhooks got. */
export interface Received {
  /** `webhook-id`, the same on every try */
  readonly id: string
  /** Id of the event in it */
  readonly eventId: string
  readonly jobId: string
  readonly event: string
  /** Whether it was answered with success */
  readonly taken: boolean
}

export interface Receiver {
  readonly origin: string
  readonly received: readonly Received[]
  /** Asks the gateway for the ends of all jobs; false when there is nobody who sends webhooks. */
  subscribe(gatewayUrl: string): Promise<boolean>
  close(): Promise<void>
}

/** The events that the receiver asks for. */
export const wantedEvents: ReadonlySet<string> = new Set(['successful', 'failed', 'dismissed'])
const REFUSED_SHARE = 0.05

interface CloudEvent {
  readonly id: string
  readonly type: string
  readonly data: { readonly jobId: string }
}

/** Somebody with an HTTP endpoint, who is not always well. */
export async function startReceiver(random: Random): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer((request, response) => void take(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, received, subscribe, close }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { id: eventId, type, data } = JSON.parse(await bodyOf(request)) as CloudEvent
    const taken = !random.chance(REFUSED_SHARE)
    const id = String(request.headers['webhook-id'])
    received.push({ id, eventId, jobId: data.jobId, event: type.split('.').at(-1) ?? '', taken })
    response.writeHead(taken ? 204 : 503).end()
  }

  async function subscribe(gatewayUrl: string): Promise<boolean> {
    const patterns = [...wantedEvents].map((event) => `job.*.*.${event}`)
    const answer = await fetch(`${gatewayUrl}/subscriptions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: `${origin}/`, patterns }),
    })
    if (answer.status === 404) return false
    if (answer.status !== 201) throw new Error(`no subscription: ${answer.status} ${await answer.text()}`)
    return true
  }

  async function close(): Promise<void> {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
