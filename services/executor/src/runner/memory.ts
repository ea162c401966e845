import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { livingMembers } from './group.ts'
import { readStat, type ProcessStat } from './stat.ts'

export interface MemoryWatch {
  /** The most that was seen */
  readonly peakBytes: number
  close(): void
}

const everyMs = 100
/** Who lost their parent are found by a look at all processes, which costs more. */
const looksPerSearch = 20

/** Whose memory it is. */
export interface MemoryOf {
  readonly pgid: number
  /** The leader is a host of ours, and the program another process: what the leader holds does not count. */
  readonly hostApart: boolean
}

/** Watches the resident memory of a process group and tells once when there is too much of it. */
export function watchMemory({ pgid, hostApart }: MemoryOf, maxBytes: number, onBeyond: () => void): MemoryWatch {
  let members: readonly number[] = [pgid]
  let peakBytes = 0
  let looks = 0
  let closed = false
  let timer = setTimeout(() => void look(), 0).unref()

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
    const found = livingOf(pgid, known)
    members = found.map(({ pid }) => pid)
    const counted = hostApart ? found.filter(({ pid }) => pid !== pgid) : found
    const bytes = counted.reduce((sum, { residentPages }) => sum + residentPages, 0) * pageBytes()
    // Pages that processes share are in the number of each, and only the dearer way counts them once.
    return bytes <= maxBytes || counted.length < 2 ? bytes : await exactOf(counted)
  }
}

/** The living members of the group among these and their descendants. */
function livingOf(pgid: number, known: Set<number>) {
  const found: ProcessStat[] = []
  // A set yields what is added to it on the way.
  for (const pid of known) {
    const stat = readStat(read(`/proc/${pid}/stat`))
    if (stat?.pgid !== pgid || !stat.living) continue
    found.push(stat)
    for (const child of childrenOf(pid)) known.add(child)
  }
  return found
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
async function exactOf(members: readonly ProcessStat[]) {
  const shares = await Promise.all(members.map(shareOf))
  return shares.reduce((sum, bytes) => sum + bytes, 0)
}

async function shareOf({ pid, residentPages }: ProcessStat) {
  try {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1')
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024
  } catch {
    // Either it has ended meanwhile, or this kernel does not tell.
    const now = readStat(read(`/proc/${pid}/stat`))
    return now?.living ? Math.min(now.residentPages, residentPages) * pageBytes() : 0
  }
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
