import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { livingMembers } from './group.ts'
import { readStat } from './stat.ts'

export interface MemoryWatch {
  /** The most that was seen */
  readonly peakBytes: number
  close(): void
}

const everyMs = 100
/** Who lost their parent are found by a look at all processes, which costs more. */
const looksPerSearch = 20

/** Watches the resident memory of a process group and tells once when there is too much of it. */
export function watchMemory(pgid: number, maxBytes: number, onBeyond: () => void): MemoryWatch {
  let members: readonly number[] = [pgid]
  let peakBytes = 0
  let looks = 0
  let closed = false
  let timer = setTimeout(() => void look(), 0)

  return {
    get peakBytes() {
      return peakBytes
    },
    close: () => {
      closed = true
      clearTimeout(timer)
    },
  }

  async function look() {
    const bytes = await measure()
    peakBytes = Math.max(peakBytes, bytes)
    if (closed) return
    if (bytes > maxBytes) return onBeyond()
    timer = setTimeout(() => void look(), everyMs).unref()
  }

  async function measure() {
    const known = new Set(members)
    if (++looks % looksPerSearch === 0) for (const { pid } of (await livingMembers(pgid)) ?? []) known.add(pid)
    const { pids, bytes } = residentOf(pgid, known)
    members = pids
    // Pages that processes share are in the number of each, and only the dearer way counts them once.
    return bytes <= maxBytes || pids.length < 2 ? bytes : await exactOf(pids, bytes)
  }
}

/** The members of the group among these and their descendants, and what they hold. */
function residentOf(pgid: number, known: Set<number>) {
  const pids: number[] = []
  let bytes = 0
  // A set yields what is added to it on the way.
  for (const pid of known) {
    const stat = readStat(read(`/proc/${pid}/stat`))
    if (stat?.pgid !== pgid || !stat.living) continue
    pids.push(pid)
    bytes += stat.residentPages * pageBytes()
    for (const child of childrenOf(pid)) known.add(child)
  }
  return { pids, bytes }
}

function childrenOf(pid: number): number[] {
  let threads: string[] = []
  try {
    threads = readdirSync(`/proc/${pid}/task`)
  } catch {
    // gone
  }
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  )
}

/** Each page divided by those who share it. */
async function exactOf(pids: readonly number[], otherwise: number) {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => '')))
  const shares = texts.map((text) => Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024)
  return shares.some(Number.isNaN) ? otherwise : shares.reduce((sum, bytes) => sum + bytes, 0)
}

let knownPageBytes: number | undefined

function pageBytes() {
  knownPageBytes ??= Number(/^KernelPageSize:\s+(\d+) kB/m.exec(read('/proc/self/smaps'))?.[1] ?? 4) * 1024
  return knownPageBytes
}

/** Empty if there is no such file; those of /proc never make a reader wait. */
export function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
