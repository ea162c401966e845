import { rawJson, WarrenError } from '@warren/contracts'
import type { Grammar } from './grammar.ts'
import type { ReadRequest } from './request.ts'

/** What may be read for an input that is given by reference. */
export interface ReferencePolicy {
  /** Origins such as `https://data.example`; no other address is ever asked, and no redirect followed. */
  readonly origins: readonly string[]
  readonly maxBytes: number
  readonly timeoutMs: number
}

interface Link {
  readonly href: string
  readonly type?: string
}

/**
 * Replaces inputs given by reference (OGC API - Processes - Part 1, `link.yaml`) by what they refer to. A job keeps what
 * was read when it was accepted, so that it means the same whenever it runs.
 *
 * @throws WarrenError BAD_INPUT that names the input
 */
export async function resolveReferences(
  request: ReadRequest,
  grammar: Grammar,
  policy: ReferencePolicy,
): Promise<ReadRequest> {
  const links = Object.entries(request.inputs).filter((entry): entry is [string, Link] =>
    isLink(entry[1], grammar.inputs[entry[0]]?.schema),
  )
  if (links.length === 0) return request
  const read = await Promise.all(links.map(async ([name, link]) => [name, await readLink(name, link, policy)] as const))
  const texts = new Map(read)
  const raw = rawJson.members(rawJson.member(request.text, 'inputs') ?? '{}')
  const inputs = rawJson.object(raw.map(([name, value]) => [name, texts.get(name) ?? value]))
  const members = rawJson
    .members(request.text)
    .map(([name, value]) => [name, name === 'inputs' ? inputs : value] as const)
  return { ...request, text: rawJson.object(members), inputs: JSON.parse(inputs) as Record<string, unknown> }
}

/** JSON text of the value that a link refers to: JSON as it is, everything else as a string. */
async function readLink(name: string, { href, type }: Link, policy: ReferencePolicy): Promise<string> {
  const url = URL.canParse(href) ? new URL(href) : undefined
  if (!url || !policy.origins.includes(url.origin)) {
    throw refused(name, `${url?.origin ?? href} is not among the origins that may be read`, policy.origins)
  }
  try {
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(policy.timeoutMs) })
    if (!answer.ok) throw new Error(`it answered ${answer.status}`)
    const text = await readBounded(answer, policy.maxBytes)
    const mediaType = type ?? answer.headers.get('content-type') ?? ''
    if (!/[/+]json\b/.test(mediaType)) return JSON.stringify(text)
    JSON.parse(text)
    return text
  } catch (error) {
    throw refused(name, `${url.href} could not be read: ${(error as Error).message}`, 'a readable resource')
  }
}

async function readBounded(answer: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
}

function isLink(value: unknown, schema: unknown): value is Link {
  if (typeof value !== 'object' || value === null || !('href' in value) || typeof value.href !== 'string') return false
  const properties =
    typeof schema === 'object' && schema !== null && 'properties' in schema ? schema.properties : undefined
  return !(typeof properties === 'object' && properties !== null && 'href' in properties)
}

function refused(name: string, message: string, expected: unknown): WarrenError {
  return new WarrenError('BAD_INPUT', 'An input by reference could not be read', {
    errors: [{ pointer: `/inputs/${name}/href`, code: 'href', message, expected }],
  })
}
