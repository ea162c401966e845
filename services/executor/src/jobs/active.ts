/** Why a run was ended from outside; when it was not, only the deadline can have ended it. */
export type Reason = 'stopped' | 'lost' | 'handed back' | 'deadline'

/** The runs that this instance works on, sync and async, and how to end them. */
export interface ActiveRuns {
  /** Returns the signal that ends the run. */
  begin(jobId: string, attempt: number): AbortSignal
  end(jobId: string): void
  /**
   * - stopped: somebody wants it to stop
   * - lost: another executor may have the job, and what this run writes will match no row
   * - handed back: this executor stops, and another one shall run it
   *
   * The first reason counts. False when it does not run here.
   */
  abort(jobId: string, reason: Exclude<Reason, 'deadline'>): boolean
  reasonOf(jobId: string): Reason
  attemptOf(jobId: string): number | undefined
  ids(): Iterable<string>
}

interface Entry {
  readonly attempt: number
  readonly controller: AbortController
  reason: Reason
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
    abort,
    reasonOf: (jobId) => runs.get(jobId)?.reason ?? 'deadline',
    attemptOf: (jobId) => runs.get(jobId)?.attempt,
    ids: () => runs.keys(),
  }

  function abort(jobId: string, reason: Exclude<Reason, 'deadline'>): boolean {
    const run = runs.get(jobId)
    if (!run) return false
    if (run.reason === 'deadline') run.reason = reason
    run.controller.abort()
    return true
  }
}
