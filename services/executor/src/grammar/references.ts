import { rawJson, WarrenError } from '@warren/contracts'
import { requireAttached } from '../staging/attach.ts'
import type { FilesClient } from '../staging/files-client.ts'
import { fileHref, fileIdOf, folderHref, folderIdOf, type FileLink } from '../staging/link.ts'
import type { Grammar } from './grammar.ts'
import type { ReferencePolicy } from './reference-policy.ts'
import type { ReadRequest } from './request.ts'

interface Link extends FileLink {
  readonly href: string
}

/** Where references are read, and with whose rights. */
export interface Reader {
  readonly policy: ReferencePolicy
  readonly files: FilesClient
  readonly owner: string
}

/**
 * Replaces inputs given by reference (OGC API - Processes - Part 1, `link.yaml`) by what they refer to. A job keeps what
 * was read when it was accepted, so that it means the same whenever it runs. Of an input that is a file or a folder it
 * keeps the reference, with the digests of what it refers to: the bytes are read when the job runs.
 *
 * @throws WarrenError BAD_INPUT that names the input, TOO_LARGE
 */
export async function resolveReferences(request: ReadRequest, grammar: Grammar, reader: Reader): Promise<ReadRequest> {
  if (request.files.length > 0) await requireAttached(request.files, reader)
  const links = Object.entries(request.inputs).filter(([name, value]) => refers(value, grammar.inputs[name]?.schema))
  if (links.length === 0) return request
  const read = await Promise.all(links.map(async ([name, value]) => [name, await resolve(name, value)] as const))
  const texts = new Map(read)
  const raw = rawJson.members(rawJson.member(request.text, 'inputs') ?? '{}')
  const inputs = rawJson.object(raw.map(([name, value]) => [name, texts.get(name) ?? value]))
  const members = rawJson
    .members(request.text)
    .map(([name, value]) => [name, name === 'inputs' ? inputs : value] as const)
  return { ...request, text: rawJson.object(members), inputs: JSON.parse(inputs) as Record<string, unknown> }

  async function resolve(name: string, value: unknown): Promise<string> {
    const { files } = grammar
    const one = files?.inputs.has(name) ? describeLink : files?.folders.has(name) ? describeFolder : readLink
    const schema = grammar.inputs[name]?.schema
    if (!Array.isArray(value)) return one(name, value as Link, reader)
    const texts = value.map((item: unknown) =>
      isLink(item, schema) ? one(name, item, reader) : Promise.resolve(JSON.stringify(item)),
    )
    return `[${(await Promise.all(texts)).join(',')}]`
  }
}

/** JSON text of a link with what is known of its target. */
async function describeLink(name: string, { href, type }: Link, { policy, files, owner }: Reader): Promise<string> {
  const url = originOf(href, policy)
  if (url) return JSON.stringify({ href: url.href, ...(type !== undefined && { type }) })
  const file = await ofOurs(name, href, policy, (id) => files.describe(id, owner))
  if (file.size > policy.maxFileBytes) throw tooLarge(name, policy.maxFileBytes)
  const { id, name: title, sha256, size } = file
  return JSON.stringify({ href: fileHref(id), type: type ?? file.type, title, sha256, size })
}

/** JSON text of a link to a folder with what is in it now: the job means that, whatever happens to the folder later. */
async function describeFolder(name: string, { href }: Link, { policy, files, owner }: Reader): Promise<string> {
  const id = folderIdOf(href)
  if (id === undefined) throw refused(name, `${href} is no folder`, '/folders/{folder}')
  const folder = await files.describeFolder(id, owner).catch((error: unknown) => {
    if (!(error instanceof WarrenError) || error.code !== 'NO_SUCH_FOLDER') throw error
    throw refused(name, `There is no folder "${id}"`, 'a folder of the principal')
  })
  if (folder.size > policy.maxFileBytes) throw tooLarge(name, policy.maxFileBytes)
  const { sha256, size } = folder
  const entries = folder.entries.map(({ path, fileId, size, sha256, type }) => ({ path, fileId, size, sha256, type }))
  return JSON.stringify({ href: folderHref(id), type: 'application/json', title: id, sha256, size, entries })
}

/** JSON text of the value that a link refers to: JSON as it is, everything else as a string. */
async function readLink(name: string, { href, type }: Link, { policy, files, owner }: Reader): Promise<string> {
  const url = originOf(href, policy)
  const answer = url
    ? await readElsewhere(name, url, policy)
    : await ofOurs(name, href, policy, async (id) => {
        const { size } = await files.describe(id, owner)
        if (size > policy.maxBytes) throw tooLarge(name, policy.maxBytes)
        return files.read(id, owner, AbortSignal.timeout(policy.timeoutMs))
      })
  try {
    const text = await readBounded(answer, policy.maxBytes)
    const mediaType = type ?? answer.headers.get('content-type') ?? ''
    if (!/[/+]json\b/.test(mediaType)) return JSON.stringify(text)
    JSON.parse(text)
    return text
  } catch (error) {
    throw refused(name, `${href} could not be read: ${(error as Error).message}`, 'a readable resource')
  }
}

/** The URL, if it is one that may be read. */
function originOf(href: string, { origins }: ReferencePolicy): URL | undefined {
  const url = URL.canParse(href) ? new URL(href) : undefined
  return url && origins.includes(url.origin) ? url : undefined
}

async function readElsewhere(name: string, url: URL, { timeoutMs }: ReferencePolicy): Promise<Response> {
  try {
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    if (!answer.ok) throw new Error(`it answered ${answer.status}`)
    return answer
  } catch (error) {
    throw refused(name, `${url.href} could not be read: ${(error as Error).message}`, 'a readable resource')
  }
}

/** What is asked of a file of ours, with the input named in what it fails with. */
async function ofOurs<T>(
  name: string,
  href: string,
  { origins }: ReferencePolicy,
  ask: (id: string) => Promise<T>,
): Promise<T> {
  const id = fileIdOf(href)
  if (id === undefined) {
    const { origin } = URL.canParse(href) ? new URL(href) : { origin: href }
    throw refused(name, `${origin} is not among the origins that may be read`, ['/files/{id}', ...origins])
  }
  return ask(id).catch((error: unknown) => {
    if (!(error instanceof WarrenError) || error.code !== 'NO_SUCH_FILE') throw error
    throw refused(name, `There is no file "${id}"`, 'a file of the principal')
  })
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

/** A link, or an array that has one; arrays of numbers, which can be long, are not looked through. */
function refers(value: unknown, schema: unknown): boolean {
  if (!Array.isArray(value)) return isLink(value, schema)
  return typeof value[0] !== 'number' && value.some((item) => isLink(item, schema))
}

function isLink(value: unknown, schema: unknown): value is Link {
  if (typeof value !== 'object' || value === null || !('href' in value) || typeof value.href !== 'string') return false
  const properties =
    typeof schema === 'object' && schema !== null && 'properties' in schema ? schema.properties : undefined
  return !(typeof properties === 'object' && properties !== null && 'href' in properties)
}

function tooLarge(name: string, maxBytes: number): WarrenError {
  return new WarrenError('TOO_LARGE', `The input "${name}" has at most ${maxBytes} bytes`, {
    errors: [{ pointer: `/inputs/${name}/href`, code: 'maxBytes', message: 'is too large', expected: maxBytes }],
  })
}

function refused(name: string, message: string, expected: unknown): WarrenError {
  return new WarrenError('BAD_INPUT', 'An input by reference could not be read', {
    errors: [{ pointer: `/inputs/${name}/href`, code: 'href', message, expected }],
  })
}
