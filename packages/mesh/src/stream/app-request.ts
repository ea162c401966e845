import { frameHeaders, headers as names, WarrenError } from '@warren/contracts'
import { readFields, type Fields } from './fields.ts'
import { textIn, type Frame } from './frame.ts'
import type { Inflow } from './inflow.ts'

/** What a `req` frame says, in the form that a fetch-style app takes. @throws WarrenError BAD_INPUT */
export function toRequest({ headers }: Frame, body: Inflow, signal: AbortSignal): Request {
  const method = textIn(headers, frameHeaders.method) ?? 'GET'
  const scheme = textIn(headers, frameHeaders.scheme) ?? 'http'
  const authority = textIn(headers, frameHeaders.authority) ?? 'localhost'
  const target = textIn(headers, frameHeaders.target) ?? '/'
  const hasBody = headers[frameHeaders.body] !== 'none' && method !== 'GET' && method !== 'HEAD'
  if (!hasBody) body.drop()
  try {
    return new Request(`${scheme}://${authority}${target}`, {
      method,
      headers: toHeaders([...readFields(textIn(headers, frameHeaders.fields)), ...attested(headers)]),
      signal,
      ...(hasBody && { body: readable(body), duplex: 'half' }),
    })
  } catch (error) {
    throw new WarrenError('BAD_INPUT', `This is no request that an app could take: ${(error as Error).message}`)
  }
}

/** What the sender vouches for; the fields of the client's have none of these names. */
function attested(headers: Frame['headers']): Fields {
  const known = {
    'warren-principal': textIn(headers, names.principal),
    'warren-roles': textIn(headers, names.roles),
    'x-request-id': textIn(headers, names.requestId),
    traceparent: textIn(headers, names.traceparent),
    tracestate: textIn(headers, names.tracestate),
  }
  return Object.entries(known).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
}

const replaced = new Set(['x-request-id', 'traceparent', 'tracestate'])

function toHeaders(fields: Fields): Headers {
  const headers = new Headers()
  for (const [name, value] of fields) {
    if (replaced.has(name.toLowerCase())) headers.set(name, value)
    else headers.append(name, value)
  }
  return headers
}

/** A body for a `Request` or a `Response`; credit is given as it is read. */
export function readable(body: Inflow, cancelled: () => void = body.drop): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const chunk = await body.read()
        if (chunk) controller.enqueue(chunk as Buffer<ArrayBuffer>)
        else controller.close()
      },
      cancel: cancelled,
    },
    { highWaterMark: 0 },
  )
}
