import { chownSync, existsSync, readFileSync, readlinkSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { run, startChild } from './child.ts'
import type { Child } from './child.ts'
import { identify, signal } from './identity.ts'
import { gone } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { choosePorts } from './ports.ts'
import { postgresBinaries, postgresHome } from './postgres-home.ts'
import { postgresOwner } from './postgres-owner.ts'
import type { Owner } from './postgres-owner.ts'
import { until } from './probe.ts'
import { secret } from './secret.ts'

/** A private Postgres. */
export type Database = {
  version: string
  /** A superuser's URL of the database `warren`. */
  databaseUrl: string
  pid: number
  log: string
  exited: Promise<string>
  stop(): Promise<void>
  /** As a power cut would. */
  kill(): Promise<void>
}

export type DatabaseOptions = { dir: string; port?: number; ledger?: Ledger | undefined; signal?: AbortSignal }

/** Starts Postgres on 127.0.0.1 with its cluster under `<dir>/postgres`; the first start creates it. */
export async function startDatabase(options: DatabaseOptions): Promise<Database> {
  const port = options.port ?? (await choosePorts()).postgres
  const owner = await postgresOwner()
  const home = await postgresHome(options.dir, owner)
  const bin = await postgresBinaries(owner)
  const data = join(home, 'data')
  const password = secret(join(home, 'password'))
  const log = join(home, 'postgres.log')
  const version = (await run(join(bin, 'postgres'), ['--version'])).trim().split(' ').at(-1) ?? ''
  if (!existsSync(data)) await createCluster(home, bin, owner)
  await removeStalePidFile(data)
  const as = identityOf(data, owner)
  const child = await startChild({
    name: 'database',
    file: join(bin, 'postgres'),
    args: ['-D', data, ...settings(port)],
    log,
    // SIGINT is Postgres's fast shutdown: it does not wait for clients to leave.
    stopSignal: 'SIGINT',
    graceMs: 15_000,
    ledger: options.ledger,
    env: { LC_ALL: 'C' },
    ...as,
  })
  try {
    await ready(child, data, log, options.signal)
  } catch (error) {
    await child.kill()
    throw error
  }
  const databaseUrl = `postgres://warren:${password}@127.0.0.1:${port}/warren`
  return { version, databaseUrl, pid: child.pid, log, exited: child.exited, stop: child.stop, kill: child.kill }
}

/** Loopback only, no socket files; durable, because an accepted job is a promise. */
function settings(port: number): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '128MB',
    fsync: 'on',
    synchronous_commit: 'on',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ',
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** Builds the cluster beside its place and moves it there when it is whole. */
async function createCluster(home: string, bin: string, owner: Owner | undefined): Promise<void> {
  const draft = join(home, 'data.new')
  rmSync(draft, { recursive: true, force: true })
  const passwordFile = join(home, 'password')
  if (owner) chownSync(passwordFile, owner.uid, owner.gid)
  const as = owner ? { uid: owner.uid, gid: owner.gid } : {}
  const env = { LC_ALL: 'C' }
  const about = [
    '--username=warren',
    '--encoding=UTF8',
    '--locale=C',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
  ]
  await run(join(bin, 'initdb'), ['-D', draft, ...about], { ...as, env })
  // Single-user mode needs no client and no running server.
  await run(join(bin, 'postgres'), ['--single', '-D', draft, 'postgres'], {
    ...as,
    env,
    input: 'CREATE DATABASE warren\n',
  })
  renameSync(draft, join(home, 'data'))
}

/** The cluster belongs to whoever created it, also when another candidate exists today. */
function identityOf(data: string, owner: Owner | undefined): { uid: number; gid: number } | object {
  if (!owner) return {}
  const { uid, gid } = statSync(data)
  return { uid, gid }
}

/**
 * Postgres ignores a pid file of a dead process, but refuses to start when another program has the pid now, as happens in
 * containers. A postmaster works inside its data folder, which tells the two apart.
 */
async function removeStalePidFile(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid')
  const process = existsSync(file) ? identify(Number(readFileSync(file, 'utf8').split('\n')[0])) : undefined
  if (!process || !existsSync('/proc/self/cwd')) return
  if (workingFolder(process.pid) !== realpathSync(data)) return rmSync(file, { force: true })
  signal(process.pid, 'SIGINT')
  if (!(await gone([process], 15_000))) throw new Error(`another Postgres (pid ${process.pid}) holds ${data}`)
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

async function ready(child: Child, data: string, log: string, signal: AbortSignal | undefined): Promise<void> {
  let ended: string | undefined
  void child.exited.then((how) => (ended = how))
  await until(
    `Postgres (log: ${log})`,
    async () => {
      const lines = readPidFile(join(data, 'postmaster.pid'))
      // The eighth line is the state, as pg_ctl reads it; the first tells whose file it is.
      return lines[0] === String(child.pid) && lines[7]?.trim() === 'ready'
    },
    {
      withinMs: 120_000,
      everyMs: 30,
      gaveUp: () => ended && `Postgres ${ended}; see ${log}`,
      ...(signal ? { signal } : {}),
    },
  )
}

function readPidFile(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
