import { WarrenError } from '@warren/contracts'

/** HTTP header fields in their order, duplicates kept; values are bytes as latin-1, as Node has them. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** They are about one connection, and the connection ends here: RFC 9110, section 7.6.1. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What a header table of AMQP takes; amqplib refuses 64 KiB, and there are other headers too. */
const FIELDS_MOST_BYTES = 60_000

/** The fields that are meant for the other end, not for this connection. */
export function endToEnd(fields: Fields): Fields {
  const named = new Set(valuesOf(fields, 'connection').flatMap((value) => value.toLowerCase().split(/\s*,\s*/)))
  return fields.filter(([name]) => {
    const lower = name.toLowerCase()
    return !hopByHop.has(lower) && !named.has(lower)
  })
}

/** All values of a field. */
export function valuesOf(fields: Fields, wanted: string): string[] {
  return fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
}

/** @throws WarrenError TOO_LARGE */
export function printFields(fields: Fields): string {
  const text = JSON.stringify(fields)
  if (Buffer.byteLength(text) <= FIELDS_MOST_BYTES) return text
  throw new WarrenError('TOO_LARGE', `The header is too large: it may have ${FIELDS_MOST_BYTES} bytes`)
}

/** @throws SyntaxError, TypeError */
export function readFields(text: string | undefined): Fields {
  const fields: unknown = JSON.parse(text ?? '[]')
  if (!Array.isArray(fields)) throw new TypeError('not a list of fields')
  return (fields as unknown[]).map((field) => {
    const [name, value] = field as [unknown, unknown]
    if (typeof name !== 'string' || typeof value !== 'string') throw new TypeError('not a field')
    return [name, value] as const
  })
}

/** The length that the fields declare for the body. */
export function declaredLength(fields: Fields): number | undefined {
  const [value] = valuesOf(fields, 'content-length')
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}
