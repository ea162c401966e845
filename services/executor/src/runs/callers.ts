/**
 * Runs that wait for a process which they called, counted by their own process. Such a run has lent its slot, and so
 * its place among the calls that this executor takes must be lent too: else a process that calls itself waits behind
 * its own callers for ever.
 */
export interface Callers {
  /** Counts a run of the process while the call that it makes is under way. */
  during<T>(processId: string, call: () => Promise<T>): Promise<T>
  waiting(processId: string): number
  /** Called with the process that has one more. */
  readonly onMore: Set<(processId: string) => void>
}

export function createCallers(): Callers {
  const counts = new Map<string, number>()
  const onMore = new Set<(processId: string) => void>()
  return { during, waiting: (processId) => counts.get(processId) ?? 0, onMore }

  async function during<T>(processId: string, call: () => Promise<T>): Promise<T> {
    add(processId, 1)
    for (const listener of onMore) listener(processId)
    try {
      return await call()
    } finally {
      add(processId, -1)
    }
  }

  function add(processId: string, by: number): void {
    counts.set(processId, (counts.get(processId) ?? 0) + by)
  }
}
