import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A span as it was exported. */
export interface Exported {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  readonly service: string
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A receiver of OTLP over HTTP that keeps the spans. */
export interface Collector {
  readonly url: string
  readonly spans: readonly Exported[]
  close(): Promise<void>
}

interface Pair {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Payload {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Pair[] }
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string
        readonly spanId: string
        readonly parentSpanId?: string
        readonly name: string
        readonly kind: number
        readonly attributes: readonly Pair[]
        readonly status: { readonly code?: number }
      }[]
    }[]
  }[]
}

const kinds = ['internal', 'server', 'client', 'producer', 'consumer'] as const

export async function startCollector(): Promise<Collector> {
  const spans: Exported[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const known = request.url === '/v1/traces' && request.headers['content-type'] === 'application/json'
      if (known) spans.push(...read(JSON.parse(Buffer.concat(chunks).toString()) as Payload))
      response.writeHead(known ? 200 : 400, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, spans, close }

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
}

function read({ resourceSpans }: Payload): Exported[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name'])
    return scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        name: span.name,
        kind: kinds[span.kind - 1] ?? 'internal',
        service,
        failed: span.status.code === 2,
        attributes: attributesOf(span.attributes),
      }))
  })
}

function attributesOf(pairs: readonly Pair[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]))
}
