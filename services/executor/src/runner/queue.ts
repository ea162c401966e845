import type { Run } from './run.ts'

export interface RunQueue {
  readonly size: number
  add(run: Run): void
  delete(run: Run): boolean
  /** The process ids of which runs wait, the longest waiting first */
  processIds(): string[]
  first(processId: string): Run | undefined
  all(): Run[]
}

/** Waiting runs: first come, first served within each process, so that a blocked process does not block others. */
export function createQueue(): RunQueue {
  const waiting = new Map<string, Run[]>()
  let size = 0

  return {
    get size() {
      return size
    },
    add,
    delete: remove,
    processIds: () =>
      [...waiting.keys()].toSorted((a, b) => waiting.get(a)![0]!.sequence - waiting.get(b)![0]!.sequence),
    first: (processId) => waiting.get(processId)?.[0],
    all: () => [...waiting.values()].flat(),
  }

  /** Keeps the order of arrival, also for a run that comes back from a runner. */
  function add(run: Run) {
    const { processId } = run.request
    const line = waiting.get(processId)
    size++
    if (!line) {
      waiting.set(processId, [run])
      return
    }
    let at = line.length
    while (at > 0 && line[at - 1]!.sequence > run.sequence) at--
    line.splice(at, 0, run)
  }

  function remove(run: Run) {
    const line = waiting.get(run.request.processId)
    const at = line?.indexOf(run) ?? -1
    if (at === -1) return false
    size--
    line!.splice(at, 1)
    if (line!.length === 0) waiting.delete(run.request.processId)
    return true
  }
}
