import { mkdirSync } from 'node:fs'
import { basename, resolve as resolvePath } from 'node:path'
import { watch } from 'chokidar'
import { describeEntry } from './describe.ts'
import type { Described } from './described.ts'
import { isIgnored } from './digest.ts'
import { hostEnvironment } from './hosts.ts'
import type { DescribedMessage } from './protocol.ts'
import { scanRoot, type Found, type Unavailable } from './scan.ts'
import { objection } from './objection.ts'

export type { Unavailable } from './scan.ts'

export interface Snapshot {
  readonly processes: readonly Described[]
  readonly unavailable: readonly Unavailable[]
}

export interface DiscoveryOptions {
  /** Folders whose sub-folders are processes */
  readonly roots: readonly string[]
  readonly workRoot: string
  readonly env: { readonly [name: string]: string | undefined }
  readonly python?: string
  readonly describeTimeoutMs?: number
  readonly debounceMs?: number
}

export interface Discovery {
  /** Scans, describes, begins to watch; resolves to what is there. */
  start(): Promise<Snapshot>
  snapshot(): Snapshot
  /** Called with the new state whenever it differs from the last one. Returns the function that unsubscribes. */
  onChange(listener: (snapshot: Snapshot) => void): () => void
  /** Looks again now; for file systems that report no changes. */
  rescan(): Promise<Snapshot>
  close(): Promise<void>
}

type Answer = DescribedMessage | { readonly reason: string }

const describedAtATime = 2

/** Finds processes in folders and follows what happens there. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { workRoot, python, describeTimeoutMs = 20_000, debounceMs = 200 } = options
  const roots = options.roots.map((root) => resolvePath(root))
  const env = hostEnvironment(options.env)
  const listeners = new Set<(snapshot: Snapshot) => void>()
  /** By entry and digest: what has not changed is not asked again, unless it failed. */
  let known = new Map<string, DescribedMessage>()
  let current: Snapshot = { processes: [], unavailable: [] }
  let scanning: Promise<Snapshot> | undefined
  let again = false
  let timer: NodeJS.Timeout | undefined
  let watcher: ReturnType<typeof watch> | undefined
  mkdirSync(workRoot, { recursive: true })

  return { start, snapshot: () => current, onChange, rescan, close }

  async function start() {
    // of no folder at all chokidar is never ready
    if (roots.length === 0) return rescan()
    watcher = watch(roots, {
      ignoreInitial: true,
      ignored: (path) => !roots.includes(path) && isIgnored(basename(path)),
    })
    watcher.on('all', changed)
    // A folder that cannot be watched is still scanned on demand.
    watcher.on('error', () => {})
    await new Promise<void>((resolve) => void watcher?.once('ready', resolve))
    return rescan()
  }

  function changed() {
    clearTimeout(timer)
    timer = setTimeout(() => void rescan(), debounceMs)
  }

  function onChange(listener: (snapshot: Snapshot) => void) {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  /** One scan at a time; one that is asked for meanwhile follows it. */
  function rescan(): Promise<Snapshot> {
    again = scanning !== undefined
    scanning ??= scan().finally(() => (scanning = undefined))
    return scanning
  }

  async function scan(): Promise<Snapshot> {
    const before = JSON.stringify(current)
    do {
      again = false
      current = await look()
    } while (again)
    if (JSON.stringify(current) !== before) for (const listener of listeners) listener(current)
    return current
  }

  async function look(): Promise<Snapshot> {
    const found = (await Promise.all(roots.map(scanRoot))).flat()
    const entries = found.filter((one): one is Found => 'entry' in one)
    const answers = new Map<Found, Answer>()
    const waiting = [...entries]
    const ask = async () => {
      for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
        answers.set(entry, known.get(keyOf(entry)) ?? (await describe(entry)))
      }
    }
    await Promise.all(Array.from({ length: describedAtATime }, ask))
    const unavailable = found.filter((one): one is Unavailable => 'reason' in one)
    const processes: Described[] = []
    known = new Map()
    for (const entry of entries) {
      const answer = answers.get(entry)!
      if ('processes' in answer) known.set(keyOf(entry), answer)
      add(entry, answer, processes, unavailable)
    }
    return { processes, unavailable }
  }

  function describe({ kind, entry }: Found): Promise<Answer> {
    return describeEntry(kind, entry, { env, workRoot, python, timeoutMs: describeTimeoutMs }).catch(
      (error: Error): Answer => ({ reason: error.message }),
    )
  }

  async function close() {
    clearTimeout(timer)
    await watcher?.close()
    await scanning
  }
}

function keyOf({ entry, digest }: Found) {
  return `${digest} ${entry}`
}

/** A folder comes in whole or not at all: its processes may call each other. */
function add(
  { folder, entry, kind, digest }: Found,
  answer: Answer,
  processes: Described[],
  unavailable: Unavailable[],
) {
  if ('reason' in answer) {
    unavailable.push({ folder, reason: answer.reason })
    return
  }
  const pipelining = answer.pipelining === true
  const described = answer.processes.map((declaration) => ({ declaration, folder, entry, kind, digest, pipelining }))
  const reason = described.map(({ declaration }) => objection(declaration, processes)).find(Boolean)
  if (reason) unavailable.push({ folder, reason })
  else processes.push(...described)
}
