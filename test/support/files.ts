import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { FileDocument } from '@warren/contracts'
import { temporaryDatabase } from '@warren/database'
import postgres from 'postgres'
import { databaseUrl, environment } from './env.ts'
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
  readonly sql: postgres.Sql
  readonly amqpUrl: string
  start(env?: Readonly<Record<string, string>>): Promise<FilesHost>
  /** The path of `blobs` or `incoming`. */
  inside(folder: string): string
  /** Names of what is stored. */
  blobs(): string[]
  /** Names of what is on its way in. */
  spooled(): string[]
  /** How much of it is on the disk. */
  spooledBytes(): number
}

/** All of it ends after the tests of the file. */
export async function openFiles(): Promise<Files> {
  const { amqpUrl, remove } = await createVirtualHost()
  const database = await temporaryDatabase(databaseUrl())
  const sql = postgres(database.databaseUrl, { max: 2, onnotice: () => {} })
  const dir = mkdtempSync(join(tmpdir(), 'warren-files-'))
  const hosts: FilesHost[] = []
  after(async () => {
    await Promise.all(hosts.map((host) => host.signal('SIGTERM')))
    await sql.end()
    await remove()
    await database.drop()
    rmSync(dir, { recursive: true, force: true })
  })
  return { dir, sql, amqpUrl, start, blobs, spooled, spooledBytes, inside }

  async function start(env: Readonly<Record<string, string>> = {}): Promise<FilesHost> {
    const started = spawn(process.execPath, [child], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...environment(), AMQP_URL: amqpUrl, DATABASE_URL: database.databaseUrl, FILES_DIR: dir, ...env },
    })
    const host = await told(started)
    hosts.push(host)
    return host
  }

  /** The service keeps everything in one folder that it has named. */
  function inside(folder: string): string {
    const named = readdirSync(dir, { withFileTypes: true }).find((entry) => entry.isDirectory())
    return join(dir, named?.name ?? '', folder)
  }

  function spooled(): string[] {
    return readdirSync(inside('incoming'))
  }

  function spooledBytes(): number {
    const sizes = spooled().map(
      (name) => statSync(join(inside('incoming'), name), { throwIfNoEntry: false })?.size ?? 0,
    )
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  function blobs(): string[] {
    const folder = inside('blobs')
    return readdirSync(folder).flatMap((first) => readdirSync(join(folder, first)))
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
