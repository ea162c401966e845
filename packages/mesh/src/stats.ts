/** What this instance has served since it started, by operation. */
export interface Stats {
  count(type: string, ms: number, error: string | undefined): void
  read(): Record<string, { calls: number; errors: number; totalMs: number; lastError?: string }>
}

export function createStats(): Stats {
  const operations: Record<string, { calls: number; errors: number; totalMs: number; lastError?: string }> = {}
  return { count, read: () => structuredClone(operations) }

  function count(type: string, ms: number, error: string | undefined): void {
    const entry = (operations[type] ??= { calls: 0, errors: 0, totalMs: 0 })
    entry.calls++
    entry.totalMs += ms
    if (error === undefined) return
    entry.errors++
    entry.lastError = error
  }
}
