import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { createDiscovery, type DiscoveryOptions } from './discovery.ts'
import { readStat, type ProcessStat } from './stat.ts'
import { createPool, type Pool, type PoolOptions } from './pool.ts'
import type { RunHooks, RunOutcome, RunRequest } from './run.ts'

// Tests have no config.ts; user code needs a PATH to find its interpreter.
// oxlint-disable-next-line node/no-process-env
export const env = process.env

/** A directory that goes with the test file, holding these files. */
export function folderWith(files: { readonly [path: string]: string } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'warren-test-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  write(folder, files)
  return folder
}

export function write(folder: string, files: { readonly [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** A process in TypeScript whose `run` has this body; `value` is its only input and output. */
export function nodeProcess(id: string, body: string, more = ''): string {
  const any = `{ value: { schema: {}, minOccurs: 0 } }`
  return `import { defineProcess } from '@warren/worker'
export default defineProcess({ id: '${id}', version: '1.0.0', title: '', description: '', inputs: ${any}, outputs: ${any}, ${more}
  async run({ value }, context) { ${body} } })`
}

/** A process in Python whose function has this body. */
export function pythonProcess(id: string, body: string, outputs = `{'value': {'schema': {}}}`, more = ''): string {
  return `from warren import process
@process(id='${id}', version='1.0.0', inputs={'value': {'schema': {}, 'minOccurs': 0}}, outputs=${outputs}, ${more})
def run(value=None, context=None):
${body.replaceAll(/^/gm, '    ')}
`
}

/** A pool over the processes in `roots`, closed after the test file. */
export async function poolOf(roots: readonly string[], given: Partial<PoolOptions> = {}): Promise<Pool> {
  const workRoot = folderWith()
  const discovery = createDiscovery({ roots, workRoot, env })
  const { processes, unavailable } = await discovery.rescan()
  if (unavailable.length > 0) throw new Error(JSON.stringify(unavailable))
  const pool = createPool({ slots: 2, workRoot, env, ...given })
  after(() => pool.close())
  pool.update(processes)
  return pool
}

export async function discoveryOf(options: Pick<DiscoveryOptions, 'roots'> & Partial<DiscoveryOptions>) {
  const discovery = createDiscovery({ workRoot: folderWith(), env, debounceMs: 20, ...options })
  after(() => discovery.close())
  return discovery
}

let count = 0

/** Runs a process once; `inputs` may be raw JSON text. */
export function runOnce(
  pool: Pool,
  processId: string,
  inputs: object | string = {},
  hooks: Partial<RunHooks> = {},
  timeoutMs = 20_000,
  more: Partial<RunRequest> = {},
): Promise<RunOutcome> {
  const text = typeof inputs === 'string' ? inputs : JSON.stringify(inputs)
  const facts = { id: `run-${++count}`, processId, attempt: 1, inputs: text, deadline: Date.now() + timeoutMs }
  return pool.run({ ...facts, ...more }, { signal: new AbortController().signal, ...hooks })
}

/** What a successful run put out. */
export async function outputsOf(
  pool: Pool,
  processId: string,
  inputs: object | string = {},
  hooks: Partial<RunHooks> = {},
) {
  const outcome = await runOnce(pool, processId, inputs, hooks)
  if (outcome.status !== 'successful') throw new Error(JSON.stringify(outcome))
  return outcome.value
}

export function problemOf(outcome: RunOutcome) {
  if (outcome.status !== 'failed') throw new Error(`expected a failure, got ${JSON.stringify(outcome)}`)
  return outcome.problem
}

/** Waits for a condition: until `look` gives something. */
export async function until<T>(look: () => T | undefined, boundMs = 20_000): Promise<T> {
  for (const end = performance.now() + boundMs; performance.now() < end;) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`nothing came within ${boundMs} ms`)
}

/** Empty if it cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Zombies that wait for init are dead. */
export function isAlive(pid: number): boolean {
  return readStat(readText(`/proc/${pid}/stat`))?.living === true
}

/** The living processes of a group. */
export function groupOf(pgid: number): ProcessStat[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids
    .map((pid) => readStat(readText(`/proc/${pid}/stat`)))
    .filter((stat): stat is ProcessStat => stat?.pgid === pgid && stat.living)
}
