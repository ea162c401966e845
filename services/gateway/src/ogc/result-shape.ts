import { rawJson, WarrenError, type ProcessDescription } from '@warren/contracts'
import { names } from './accept.ts'
import { linkHeader } from './links.ts'
import { multipart } from './multipart.ts'
import { mediaTypeOf, rawValue, sandboxed, schemaOf, type RawValue } from './raw-value.ts'

/** How a client wants to have results. */
export interface Wish {
  readonly response: 'raw' | 'document' | undefined
  readonly byReference: ReadonlySet<string>
  readonly byValue: ReadonlySet<string>
  readonly wantsNothing: boolean
  /** `Prefer: return=…` (2.0): `minimal` makes links of values that are not small, `representation` of none. */
  readonly returning: 'minimal' | 'representation' | undefined
  /** Without a wish a larger value becomes a link in the map of results; raw ones stay what they are. */
  readonly maxInlineBytes: number
  readonly accept: string | undefined
  /** Where the results of the job are. */
  readonly href: string
  /** Needed for the media types of raw values. */
  readonly describe: () => Promise<ProcessDescription | undefined>
}

/** Bytes of a value that `return=minimal` still has in the answer. */
const SMALL_BYTES = 4_096

/**
 * Results in the shape that the request asks for. The text of a value is never parsed and printed again: numbers stay
 * as the process wrote them.
 */
export async function shapeResults(text: string, wish: Wish, headers: Record<string, string>): Promise<Response> {
  if (wish.wantsNothing) return new Response(null, { status: 204, headers })
  const isMultipart = names(wish.accept, 'multipart/related') && wish.response !== 'document'
  const isRaw = wish.response === 'raw'
  const inlineBytes = inlineBytesOf(wish, isRaw || isMultipart)
  if (!isRaw && !isMultipart && wish.byReference.size === 0 && Buffer.byteLength(text) <= inlineBytes) {
    return send({ type: 'application/json', body: wrapObjects(text, baseOf(wish)) }, headers)
  }
  const outputs = rawJson.members(text)
  const isLink = ([name, raw]: readonly [string, string]): boolean =>
    wish.byReference.has(name) || (!wish.byValue.has(name) && Buffer.byteLength(raw) > inlineBytes)
  if (isRaw && outputs.length > 0 && outputs.every(isLink)) return sendLinks(outputs, wish, headers)
  if (isRaw && outputs.length === 1) return sendRaw(withBase(outputs[0] as [string, string], wish), wish, headers)
  if (isMultipart || (isRaw && !names(wish.accept, 'application/json'))) {
    const process = await wish.describe()
    const parts = outputs.map((output) => ({
      contentId: output[0],
      value: isLink(output)
        ? { href: hrefOf(output[0], wish) }
        : (rawValue(withBase(output, wish)[1], schemaOf(process, output[0]), undefined) as RawValue),
    }))
    return send(multipart(parts), headers)
  }
  const process = outputs.some(isLink) ? await wish.describe() : undefined
  const map = outputs.map((output): [string, string] => {
    const [name, raw] = output
    if (!isLink(output)) return [name, wrapObject(raw, baseOf(wish))]
    return [name, linkObject(hrefOf(name, wish), mediaTypeOf(raw, schemaOf(process, name)))]
  })
  return send({ type: 'application/json', body: rawJson.object(map) }, headers)
}

function inlineBytesOf({ returning, maxInlineBytes }: Wish, isRaw: boolean): number {
  if (returning === 'minimal') return SMALL_BYTES
  return isRaw || returning === 'representation' ? Infinity : maxInlineBytes
}

/** One output by itself. @throws WarrenError NOT_ACCEPTABLE */
export async function sendRaw(
  [name, raw]: readonly [string, string],
  { accept, describe }: Pick<Wish, 'accept' | 'describe'>,
  headers: Record<string, string>,
): Promise<Response> {
  const schema = raw.startsWith('"') ? schemaOf(await describe(), name) : undefined
  const value = rawValue(raw, schema, accept)
  if (!value) throw new WarrenError('NOT_ACCEPTABLE', `"${name}" is not available in that form`)
  return send(value, { ...headers, ...sandboxed })
}

/** Objects as `{"value": …}`: a bare object fits no branch of the schema of results. Scalars and arrays stay bare. */
export function wrapObjects(text: string, base = ''): string {
  // no brace behind the first: no object, nothing to do
  if (text.indexOf('{', text.indexOf('{') + 1) === -1) return text
  return rawJson.object(rawJson.members(text).map(([name, raw]) => [name, wrapObject(raw, base)]))
}

function wrapObject(raw: string, base: string): string {
  if (!raw.startsWith('{')) return raw
  return isFileLink(raw) ? absoluteLink(raw, base) : `{"value":${raw}}`
}

/** A result that is a file, as executors write it. */
export function isFileLink(raw: string): boolean {
  return /^\{"href":"\/files\/[\w-]{21}","rel":"enclosure",/.test(raw)
}

export function absoluteLink(raw: string, base: string): string {
  return raw.replace('"/files/', `"${base}/files/`)
}

function withBase([name, raw]: readonly [string, string], wish: Wish): [string, string] {
  return [name, isFileLink(raw) ? absoluteLink(raw, baseOf(wish)) : raw]
}

/** Where results are is a URL of the gateway. */
function baseOf({ href }: Pick<Wish, 'href'>): string {
  return href.slice(0, href.lastIndexOf('/jobs/'))
}

function sendLinks(outputs: readonly [string, string][], wish: Wish, headers: Record<string, string>): Response {
  const links = outputs.map(([name]) => linkHeader(hrefOf(name, wish), 'item'))
  const Link = [headers.Link, ...links].filter(Boolean).join(', ')
  return new Response(null, { status: 204, headers: { ...headers, Link } })
}

function hrefOf(name: string, { href }: Pick<Wish, 'href'>): string {
  return `${href}/${encodeURIComponent(name)}`
}

function linkObject(href: string, type: string): string {
  return JSON.stringify({ href, rel: 'item', type })
}

function send({ type, body }: RawValue, headers: Record<string, string>): Response {
  return new Response(body, { status: 200, headers: { 'Content-Type': type, ...headers } })
}
