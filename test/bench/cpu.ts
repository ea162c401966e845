import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of `utime` and `stime` in `/proc/<pid>/stat`: 100 a second on Linux. */
const TICK_MS = 10

/** CPU time in ms that parts of one family of processes have used so far. Empty where there is no `/proc`. */
export function cpuByPart(
  root: number,
  parts: Readonly<Record<string, (process: ProcessInfo) => boolean>>,
): Map<string, number> {
  const used = new Map<string, number>()
  for (const process of descendants(root)) {
    const part = Object.keys(parts).find((name) => parts[name]?.(process))
    if (part !== undefined) used.set(part, (used.get(part) ?? 0) + process.cpuMs)
  }
  return used
}

export interface ProcessInfo {
  readonly pid: number
  readonly parent: number
  readonly command: string
  readonly cpuMs: number
}

function descendants(root: number): ProcessInfo[] {
  const family = new Set([root])
  const all = processes()
  for (let size = 0; size !== family.size;) {
    size = family.size
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid)
  }
  return all.filter(({ pid }) => family.has(pid))
}

function processes(): ProcessInfo[] {
  return entries().flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
      return [{ pid, parent: Number(fields[1]), command, cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS }]
    } catch {
      return [] // it ended meanwhile
    }
  })
}

/** Resident memory of a process in MiB; NaN where there is no `/proc`. */
export function residentMiB(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1_024
  } catch {
    return NaN
  }
}

function entries(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}
