import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { rawJson, Sha256, WarrenError } from '@warren/contracts'
import { z } from 'zod'
import type { FileGrammar } from '../grammar/files.ts'
import type { ReferencePolicy } from '../grammar/reference-policy.ts'
import type { NewFileOfJob } from '../jobs/files-of-job.ts'
import { bringFile, type Bringing, type Known } from './bring.ts'
import { bringFolder } from './bring-folder.ts'
import { fileIdOf, type FileLink, type FolderLink } from './link.ts'
import { safeName } from './name.ts'
import { persist } from './persist.ts'
import { bytesOf, saveBytes } from './save.ts'

/** Beside what the process itself makes: neither can take the other's name. */
export const INPUTS = 'inputs'
/** The longest that one input from elsewhere may take. */
const FETCH_MS = 600_000

export interface StageIn extends Bringing {
  /** JSON text of the inputs, with links */
  readonly inputs: string
  readonly grammar: FileGrammar
  readonly workdir: string
  readonly attempt: number
  readonly policy: ReferencePolicy
}

/** What a request says of a file, if it was looked at when the job was accepted. */
const KnownLink = z.object({ size: z.int(), sha256: Sha256, type: z.string() })

/**
 * Brings the inputs that are files or folders into the working directory.
 *
 * @returns the inputs with paths for links, and what was brought
 * @throws WarrenError
 */
export async function stageIn(task: StageIn): Promise<{ inputs: string; rows: NewFileOfJob[] }> {
  const { inputs, grammar, workdir, attempt, policy, patience } = task
  const members = rawJson.members(inputs)
  const rows: NewFileOfJob[] = []
  const taken = new Set<string>()
  if (!members.some(([name]) => isBrought(name))) return { inputs, rows }
  await mkdir(join(workdir, INPUTS), { recursive: true })
  const staged: [string, string][] = []
  for (const [name, raw] of members) {
    if (!isBrought(name)) {
      staged.push([name, raw])
      continue
    }
    const value = JSON.parse(raw) as FileValue | readonly FileValue[]
    const paths: string[] = []
    for (const one of Array.isArray(value) ? (value as FileValue[]) : [value as FileValue]) {
      paths.push(grammar.folders.has(name) ? await bringTree(name, one as FolderLink) : await bring(name, one))
    }
    staged.push([name, JSON.stringify(Array.isArray(value) ? paths : paths[0])])
  }
  return { inputs: rawJson.object(staged), rows }

  async function bring(name: string, value: FileValue): Promise<string> {
    const link = typeof value === 'string' ? undefined : value
    const id = link && !isElsewhere(link.href) ? fileIdOf(link.href) : undefined
    const path = `${INPUTS}/${safeName(nameOf(name, link), taken)}`
    const to = join(workdir, path)
    const known =
      id === undefined ? await save(value, to) : await bringFile(task, id, to, KnownLink.safeParse(link).data)
    const source = id === undefined ? (link?.href ?? null) : null
    rows.push({ path, role: 'input', attempt, name, fileId: id ?? null, source, ...known })
    return to
  }

  async function bringTree(name: string, link: FolderLink): Promise<string> {
    const root = `${INPUTS}/${safeName(name, taken)}`
    await mkdir(join(workdir, root))
    for (const { path, ...facts } of await bringFolder(task, link, join(workdir, root))) {
      rows.push({ path: `${root}/${path}`, role: 'input', attempt, name, source: null, ...facts })
    }
    return join(workdir, root)
  }

  function isBrought(name: string): boolean {
    return grammar.inputs.has(name) || grammar.folders.has(name)
  }

  /** What stands in the request, or elsewhere. */
  function save(value: FileValue, path: string): Promise<Known> {
    return persist(patience, async () => {
      if (typeof value === 'string') {
        return { ...(await saveBytes([Buffer.from(value)], path, policy.maxFileBytes)), type: 'text/plain' }
      }
      const answer = await fetchFrom(value.href)
      const type = value.type ?? answer.headers.get('content-type') ?? 'application/octet-stream'
      return { ...(await saveBytes(bytesOf(answer), path, policy.maxFileBytes)), type }
    })
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
}

type FileValue = string | FileLink

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
