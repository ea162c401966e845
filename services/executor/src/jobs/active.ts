/** The runs that this instance works on, sync and async, and how to end them. */
export interface ActiveRuns {
  /** Returns the signal that ends the run. */
  begin(jobId: string, attempt: number): AbortSignal
  end(jobId: string): void
  /** Somebody wants it to stop; false when it does not run here. */
  stop(jobId: string): boolean
  /** The lease is lost: another executor may have the job, and what this run writes will match no row. */
  lose(jobId: string): boolean
  /** Why its signal aborted; when it did not, only the deadline can have ended the run. */
  reasonOf(jobId: string): 'stopped' | 'lost' | 'deadline'
  attemptOf(jobId: string): number | undefined
  ids(): Iterable<string>
}

interface Entry {
  readonly attempt: number
  readonly controller: AbortController
  reason: 'stopped' | 'lost' | 'deadline'
}

export function createActiveRuns(): ActiveRuns {
  const runs = new Map<string, Entry>()
  return {
    begin: (jobId, attempt) => {
      const controller = new AbortController()
      runs.set(jobId, { attempt, controller, reason: 'deadline' })
      return controller.signal
    },
    end: (jobId) => void runs.delete(jobId),
    stop: (jobId) => abort(jobId, 'stopped'),
    lose: (jobId) => abort(jobId, 'lost'),
    reasonOf: (jobId) => runs.get(jobId)?.reason ?? 'deadline',
    attemptOf: (jobId) => runs.get(jobId)?.attempt,
    ids: () => runs.keys(),
  }

  function abort(jobId: string, reason: 'stopped' | 'lost'): boolean {
    const run = runs.get(jobId)
    if (!run) return false
    run.reason = reason
    run.controller.abort()
    return true
  }
}
