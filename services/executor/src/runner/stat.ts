/** What `/proc/<pid>/stat` says of a process; see proc(5). */
export interface ProcessStat {
  readonly pid: number
  readonly pgid: number
  readonly living: boolean
  /** User and system time in clock ticks */
  readonly cpuTicks: number
  readonly residentPages: number
}

/** Undefined if the text is empty: the process has gone. */
export function readStat(text: string): ProcessStat | undefined {
  // pid (name) state ppid pgrp …; the name may hold spaces and brackets
  const end = text.lastIndexOf(')')
  if (end === -1) return undefined
  const fields = text.slice(end + 2).split(' ')
  const [state, , pgrp] = fields
  return {
    pid: Number.parseInt(text, 10),
    pgid: Number(pgrp),
    living: state !== 'Z' && state !== 'X',
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    residentPages: Number(fields[21]),
  }
}
