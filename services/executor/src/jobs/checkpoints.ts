import type { RunningService } from '@warren/mesh'
import type { Sql } from 'postgres'

/** Keeps the states that running processes save, so that another attempt goes on from there. */
export interface CheckpointWriter {
  /** @param state JSON text */
  save(jobId: string, attempt: number, state: string): void
}

/** One write at a time for each job, always of the newest state: a process may save as often as it likes. */
export function createCheckpointWriter({ log }: Pick<RunningService, 'log'>, sql: Sql): CheckpointWriter {
  const newest = new Map<string, { attempt: number; state: string }>()
  const writing = new Set<string>()
  return { save }

  function save(jobId: string, attempt: number, state: string): void {
    newest.set(jobId, { attempt, state })
    if (writing.has(jobId)) return
    writing.add(jobId)
    void writeAll(jobId).finally(() => writing.delete(jobId))
  }

  async function writeAll(jobId: string): Promise<void> {
    for (let next = newest.get(jobId); next; next = newest.get(jobId)) {
      newest.delete(jobId)
      try {
        await sql`
update executor.jobs set checkpoint = ${next.state}::text::json
where id = ${jobId} and attempt = ${next.attempt} and state in ('running', 'paused')`
      } catch (error) {
        log.warn({ err: error, jobId }, 'checkpoint not written')
      }
    }
  }
}
