import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { FileDocument } from '@warren/contracts'
import { temporaryDatabase } from '@warren/database'
import postgres from 'postgres'
import { databaseUrl, environment } from './env.ts'
import { startS3, type S3 } from './s3.ts'
import { createVirtualHost } from './stack.ts'

const child = fileURLToPath(new URL('../files/host.child.ts', import.meta.url))

/** One running copy of the files service. */
export interface FilesHost {
  /** With the path `/files`. */
  readonly url: string
  /** What it has printed so far. */
  output(): string
  residentBytes(): number
  peakBytes(): number
  signal(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

/** The files service by itself, on a port, with a broker, a database and a folder of its own. */
export interface Files {
  readonly dir: string
  /** The server of the S3 store */
  readonly s3: S3 | undefined
  readonly sql: postgres.Sql
  readonly amqpUrl: string
  start(env?: Readonly<Record<string, string>>): Promise<FilesHost>
  /** The path of what is on its way in. */
  incoming(): string
  /** Names of what is stored. */
  blobs(): string[]
  /** Stores something under a digest, behind the back of the service; in the store of another one when that is told. */
  plant(digest: string, storeId?: string): void
  /** Loses what is stored. @throws when it is not there */
  lose(digest: string, storeId?: string): void
  /** Names of what is on its way in. */
  spooled(): string[]
  /** How much of it is on the disk. */
  spooledBytes(): number
}

type Kind = 'disk' | 's3'
let kind: Kind = 'disk'

/** From now on files are kept there: the tests of another file can be run again so. */
export function useStore(other: Kind): void {
  kind = other
}

/** All of it ends after the tests of the file. */
export async function openFiles(): Promise<Files> {
  const s3 = kind === 's3' ? await startS3() : undefined
  const { amqpUrl, remove } = await createVirtualHost()
  const database = await temporaryDatabase(databaseUrl())
  const sql = postgres(database.databaseUrl, { max: 2, onnotice: () => {} })
  const dir = mkdtempSync(join(tmpdir(), 'warren-files-'))
  const hosts: FilesHost[] = []
  let named: string | undefined
  after(async () => {
    await Promise.all(hosts.map((host) => host.signal('SIGTERM')))
    await sql.end()
    await remove()
    await database.drop()
    rmSync(dir, { recursive: true, force: true })
  })
  return { dir, s3, sql, amqpUrl, start, blobs, plant, lose, spooled, spooledBytes, incoming }

  async function start(env: Readonly<Record<string, string>> = {}): Promise<FilesHost> {
    const started = spawn(process.execPath, [child], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...environment(),
        AMQP_URL: amqpUrl,
        DATABASE_URL: database.databaseUrl,
        FILES_DIR: dir,
        ...s3?.env,
        ...env,
      },
    })
    const host = await told(started)
    hosts.push(host)
    return host
  }

  /** The service keeps everything in one folder that it has named. */
  function storeId(): string {
    named ??= readdirSync(dir, { withFileTypes: true }).find((entry) => entry.isDirectory())?.name
    return named ?? ''
  }

  function incoming(): string {
    return join(dir, storeId(), 'incoming')
  }

  function spooled(): string[] {
    return readdirSync(incoming())
  }

  function spooledBytes(): number {
    const sizes = spooled().map((name) => statSync(join(incoming(), name), { throwIfNoEntry: false })?.size ?? 0)
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  function blobs(): string[] {
    const names = globSync(join(s3?.dir ?? dir, storeId(), 'blobs/*/*'))
    return names.flatMap((name) => /\/([0-9a-f]{64})(?:\._S3rver_object)?$/.exec(name)?.[1] ?? [])
  }

  function plant(digest: string, id = storeId()): void {
    const path = pathOf(digest, id)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, 'x')
  }

  function lose(digest: string, id = storeId()): void {
    rmSync(pathOf(digest, id))
  }

  function pathOf(digest: string, id: string): string {
    return join(s3?.dir ?? dir, id, 'blobs', digest.slice(0, 2), s3 ? `${digest}._S3rver_object` : digest)
  }
}

async function told(started: ChildProcess): Promise<FilesHost> {
  let printed = ''
  const keep = (chunk: Buffer): void => void (printed += chunk.toString())
  started.stdout?.on('data', keep)
  started.stderr?.on('data', keep)
  const ended = new Promise<void>((resolve) => started.once('exit', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    started.once('message', (message) => resolve(message as string))
    started.once('exit', () => reject(new Error(`the files service ended\n${printed}`)))
  })
  return {
    url: `${url}/files`,
    output: () => printed,
    residentBytes: () => memory('VmRSS'),
    peakBytes: () => memory('VmHWM'),
    signal,
  }

  async function signal(what: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    started.kill(what)
    await ended
  }

  function memory(line: string): number {
    const status = readFileSync(`/proc/${started.pid}/status`, 'utf8')
    return Number(new RegExp(`${line}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1_024
  }
}

/** Bytes that do not repeat, the same for the same seed. */
export function someBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[at] = state >>> 24
  }
  return bytes
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export async function put(
  url: string,
  name: string,
  bytes: Uint8Array<ArrayBuffer> | string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; file: FileDocument; code: string }> {
  const answer = await fetch(`${url}/${name}`, {
    method: 'PUT',
    body: bytes,
    headers: { ...headers, connection: 'close' },
  })
  const file = (await answer.json()) as FileDocument & { code: string }
  return { status: answer.status, headers: answer.headers, file, code: file.code }
}
