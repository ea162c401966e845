import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { fromProblem, WarrenError, type FileDocument, type FolderDocument } from '@warren/contracts'
import { fetchApp, type Mesh } from '@warren/mesh'

/** A file of this machine that is to be stored. */
export interface ToStore {
  /** Absolute path */
  readonly source: string
  readonly name: string
  /** Media type; when it is unknown, what the name says */
  readonly type?: string | undefined
  readonly size: number
  readonly sha256: string
  /** The same intent has the same key, so that it may be sent again. */
  readonly key: string
}

/** The files service, asked over the stream tunnel with the rights of an owner. @throws WarrenError */
export interface FilesClient {
  describe(id: string, owner: string): Promise<FileDocument>
  describeFolder(id: string, owner: string): Promise<FolderDocument>
  /** The bytes; the stream errors when they break off. */
  read(id: string, owner: string, signal?: AbortSignal): Promise<Response>
  store(file: ToStore, owner: string, signal?: AbortSignal): Promise<FileDocument>
}

const APP = 'files'
/** The address is what the app sees; it is reached by its name. */
const BASE = 'http://files'
const DESCRIBE_MS = 5_000
const BEGIN_MS = 20_000
/** For less, asking first takes longer than sending. */
const WORTH_ASKING_BYTES = 1_048_576

export function createFilesClient(mesh: Mesh): FilesClient {
  return { describe, describeFolder, read, store }

  async function describe(id: string, owner: string): Promise<FileDocument> {
    const answer = await ask(new Request(`${BASE}/files/${id}/metadata`), owner, DESCRIBE_MS)
    return (await answer.json()) as FileDocument
  }

  async function describeFolder(id: string, owner: string): Promise<FolderDocument> {
    const answer = await ask(new Request(`${BASE}/folders/${id}`), owner, BEGIN_MS)
    return (await answer.json()) as FolderDocument
  }

  function read(id: string, owner: string, signal?: AbortSignal): Promise<Response> {
    return ask(new Request(`${BASE}/files/${id}`), owner, BEGIN_MS, signal)
  }

  async function store(file: ToStore, owner: string, signal?: AbortSignal): Promise<FileDocument> {
    const known = file.size >= WORTH_ASKING_BYTES ? await storeKnown(file, owner, signal) : undefined
    if (known) return known
    const stream = createReadStream(file.source)
    try {
      const body = Readable.toWeb(stream) as ReadableStream<Uint8Array<ArrayBuffer>>
      return await post(file, { body, duplex: 'half', size: file.size }, owner, signal)
    } finally {
      stream.destroy()
    }
  }

  /** Bytes that the owner has there already are not sent again, such as those of a run that is repeated. */
  async function storeKnown(file: ToStore, owner: string, signal?: AbortSignal): Promise<FileDocument | undefined> {
    try {
      return await post(file, { size: 0 }, owner, signal)
    } catch (error) {
      if (error instanceof WarrenError && error.code === 'NO_SUCH_FILE') return undefined
      throw error
    }
  }

  async function post(
    { name, type = 'application/octet-stream', sha256, key }: ToStore,
    { size, ...more }: RequestInit & { readonly size: number },
    owner: string,
    signal?: AbortSignal,
  ): Promise<FileDocument> {
    const query = new URLSearchParams({ name, sha256 }).toString()
    const headers = { 'content-type': type, 'content-length': String(size), 'idempotency-key': key }
    const request = new Request(`${BASE}/files?${query}`, { method: 'POST', headers, ...more })
    const answer = await ask(request, owner, BEGIN_MS, signal)
    return (await answer.json()) as FileDocument
  }

  async function ask(request: Request, principal: string, withinMs: number, signal?: AbortSignal): Promise<Response> {
    const options = { principal, deadline: Date.now() + withinMs, ...(signal && { signal }) }
    const answer = await fetchApp(mesh, APP, request, options)
    if (answer.ok) return answer
    throw fromProblem(await answer.json().catch(() => undefined))
  }
}

/** Whether the same request may succeed a little later. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof WarrenError &&
    ['UNROUTABLE', 'UNAVAILABLE', 'PEER_LOST', 'DATA_LOSS', 'TIMEOUT'].includes(error.code)
  )
}
