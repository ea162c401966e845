import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { rawJson, WarrenError } from '@warren/contracts'
import type { FileGrammar } from '../grammar/files.ts'
import type { ReferencePolicy } from '../grammar/references.ts'
import type { FilesClient } from './files-client.ts'
import type { NewFileOfJob } from '../jobs/files-of-job.ts'
import { fileIdOf, type FileLink } from './link.ts'
import { safeName } from './name.ts'
import { persist, type Patience } from './persist.ts'

/** Beside what the process itself makes: neither can take the other's name. */
const FOLDER = 'inputs'
/** The longest that one input from elsewhere may take. */
const FETCH_MS = 600_000

export interface StageIn {
  /** JSON text of the inputs, with links */
  readonly inputs: string
  readonly grammar: FileGrammar
  readonly workdir: string
  readonly attempt: number
  readonly owner: string
  readonly files: FilesClient
  readonly policy: ReferencePolicy
  readonly patience: Patience
}

/**
 * Brings the inputs that are files into the working directory.
 *
 * @returns the inputs with paths for links, and what was brought
 * @throws WarrenError
 */
export async function stageIn(task: StageIn): Promise<{ inputs: string; rows: NewFileOfJob[] }> {
  const { inputs, grammar, workdir, attempt, owner, files, policy, patience } = task
  const members = rawJson.members(inputs)
  const rows: NewFileOfJob[] = []
  const taken = new Set<string>()
  if (!members.some(([name]) => grammar.inputs.has(name))) return { inputs, rows }
  await mkdir(join(workdir, FOLDER), { recursive: true })
  const staged: [string, string][] = []
  for (const [name, raw] of members) {
    if (!grammar.inputs.has(name)) {
      staged.push([name, raw])
      continue
    }
    const value = JSON.parse(raw) as FileValue | readonly FileValue[]
    const paths: string[] = []
    for (const one of Array.isArray(value) ? (value as FileValue[]) : [value as FileValue]) {
      paths.push(await bring(name, one))
    }
    staged.push([name, JSON.stringify(Array.isArray(value) ? paths : paths[0])])
  }
  return { inputs: rawJson.object(staged), rows }

  async function bring(name: string, value: FileValue): Promise<string> {
    const link = typeof value === 'string' ? undefined : value
    const id = link && !isElsewhere(link.href) ? fileIdOf(link.href) : undefined
    const path = `${FOLDER}/${safeName(nameOf(name, link), taken)}`
    const { size, sha256, type } = await persist(patience, async () => {
      if (link === undefined) return save([Buffer.from(value as string)], path, 'text/plain')
      const answer = id === undefined ? await fetchFrom(link.href) : await files.read(id, owner, patience.signal)
      const type = link.type ?? answer.headers.get('content-type') ?? 'application/octet-stream'
      return save(Readable.fromWeb((answer.body ?? new Blob([]).stream()) as never), path, type)
    })
    if (link?.sha256 !== undefined && link.sha256 !== sha256) {
      throw new WarrenError('DATA_LOSS', `The input "${name}" is not what it was when the job was accepted`)
    }
    const source = id === undefined ? (link?.href ?? null) : null
    rows.push({ path, role: 'input', attempt, name, fileId: id ?? null, source, size, sha256, type })
    return join(workdir, path)
  }

  function isElsewhere(href: string): boolean {
    return URL.canParse(href) && policy.origins.includes(new URL(href).origin)
  }

  async function fetchFrom(href: string): Promise<Response> {
    const signal = AbortSignal.any([patience.signal, AbortSignal.timeout(FETCH_MS)])
    const answer = await fetch(href, { redirect: 'error', signal }).catch((error: Error) => {
      throw new WarrenError('UNAVAILABLE', `${href} could not be read: ${error.message}`)
    })
    if (answer.ok) return answer
    await answer.body?.cancel()
    throw new WarrenError(answer.status >= 500 ? 'UNAVAILABLE' : 'BAD_INPUT', `${href} answered ${answer.status}`)
  }

  async function save(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, path: string, type: string) {
    const hash = createHash('sha256')
    let size = 0
    const measure = new Transform({
      transform(chunk: Buffer, _, done) {
        size += chunk.length
        hash.update(chunk)
        const tooLarge = size > policy.maxFileBytes
        done(tooLarge ? new WarrenError('TOO_LARGE', `An input has at most ${policy.maxFileBytes} bytes`) : null, chunk)
      },
    })
    try {
      await pipeline(source, measure, createWriteStream(join(workdir, path)))
    } catch (error) {
      if (error instanceof WarrenError || !isBroken(error)) throw error
      throw new WarrenError('PEER_LOST', 'The bytes of an input broke off', { cause: error })
    }
    return { size, sha256: hash.digest('hex'), type }
  }
}

type FileValue = string | FileLink

/** Not of this machine: a full disk stays what it is. */
function isBroken(error: unknown): boolean {
  return !(error instanceof Error && 'syscall' in error && 'path' in error)
}

function nameOf(name: string, link: FileLink | undefined): string {
  if (link === undefined) return name
  if (link.title !== undefined) return link.title
  const last = URL.canParse(link.href) ? new URL(link.href).pathname.split('/').at(-1) : undefined
  return last === undefined || last === '' ? name : decode(last)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
