import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { choosePorts, startDatabase } from '@warren/local'

/** A database server that a test may kill. */
export interface OwnDatabase {
  readonly databaseUrl: string
  /** As a power cut would. */
  kill(): Promise<void>
  /** Starts it again with the data and the port that it had. */
  start(): Promise<void>
  remove(): Promise<void>
}

const START_MS = 30_000

export async function startOwnDatabase(): Promise<OwnDatabase> {
  const dir = mkdtempSync(join(tmpdir(), 'warren-database-'))
  chmodSync(dir, 0o711) // the user that runs Postgres has to get through
  const { postgres: port } = await choosePorts()
  let database = await startDatabase({ dir, port })
  return {
    databaseUrl: database.databaseUrl,
    kill: () => database.kill(),
    start,
    remove: async () => {
      await database.kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }

  /** Backends outlive a postmaster that was killed by a moment, and none may start beside them. */
  async function start(): Promise<void> {
    const until = Date.now() + START_MS
    for (;;) {
      try {
        database = await startDatabase({ dir, port })
        return
      } catch (error) {
        if (Date.now() > until) throw error
        await wait(100)
      }
    }
  }
}
