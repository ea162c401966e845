import type { RunningService } from '@warren/mesh'
import type { Sql } from 'postgres'

/** Keeps the progress of running jobs; a process may report as often as it likes. */
export interface ProgressWriter {
  set(jobId: string, attempt: number, percent: number, message?: string): void
  forget(jobId: string): void
}

const PERIOD_MS = 250

export function createProgressWriter(
  { log, release }: Pick<RunningService, 'log' | 'release'>,
  sql: Sql,
): ProgressWriter {
  const changed = new Map<string, { id: string; attempt: number; percent: number; message: string | null }>()
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
        writing = write()
      }, PERIOD_MS)
    },
    forget: (id) => void changed.delete(id),
  }

  async function write(): Promise<void> {
    const rows = [...changed.values()]
    changed.clear()
    if (rows.length === 0) return
    try {
      await sql`
update executor.jobs j
set progress = i.percent, message = coalesce(i.message, j.message), updated_at = now()
from json_to_recordset(${JSON.stringify(rows)}::text::json) as i(id text, attempt int, percent int, message text)
where j.id = i.id and j.attempt = i.attempt and j.state = 'running'`
    } catch (error) {
      log.debug({ err: error }, 'progress not written') // the next report says more
    }
  }
}
