import type { RunningService } from '@warren/mesh'
import type { Ledger } from './ledger.ts'
import type { ProgressReport } from './sql/report-progress.ts'

/** Keeps the progress of running jobs; a process may report as often as it likes. */
export interface ProgressWriter {
  set(jobId: string, attempt: number, percent: number, message?: string): void
  /** Sends off what is not written yet of a job: on the ledger's connection it comes before the end. */
  settle(jobId: string): void
}

const PERIOD_MS = 250

export function createProgressWriter(
  { log, release }: Pick<RunningService, 'log' | 'release'>,
  ledger: Pick<Ledger, 'progress'>,
): ProgressWriter {
  const changed = new Map<string, ProgressReport>()
  let writing = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  release('progress', async () => {
    clearTimeout(timer)
    await writing
  })
  return {
    set: (id, attempt, percent, message) => {
      const whole = Math.max(0, Math.min(100, Math.floor(percent)))
      changed.set(id, { id, attempt, percent: whole, message: message ?? null })
      timer ??= setTimeout(() => {
        timer = undefined
        writing = write([...changed.values()])
      }, PERIOD_MS)
    },
    settle: (id) => {
      const report = changed.get(id)
      if (report) void write([report])
    },
  }

  async function write(reports: readonly ProgressReport[]): Promise<void> {
    for (const { id } of reports) changed.delete(id)
    if (reports.length === 0) return
    try {
      await ledger.progress(reports)
    } catch (error) {
      log.debug({ err: error }, 'progress not written') // the next report says more
    }
  }
}
