import { openDatabase, readDatabaseConfig, temporaryDatabase, type Database } from '@warren/database'
import { openLedger, type Ledger } from '../jobs/ledger.ts'
import type { WrittenEvent } from '../jobs/events.ts'
import type { NewJob } from '../jobs/sql/insert-jobs.ts'

/** The executor's tables in a database of their own, with ledgers of as many executors as a test wants. */
export interface Store extends AsyncDisposable, Database {
  /** Everything that its ledgers wrote, in the order in which they committed it */
  readonly written: readonly WrittenEvent[]
  readonly databaseUrl: string
  ledger(executorId: string): Ledger
}

export async function openStore(): Promise<Store> {
  // oxlint-disable-next-line node/no-process-env -- tests have no config.ts
  const server = await temporaryDatabase(readDatabaseConfig(process.env).databaseUrl)
  const releasers: (() => Promise<void> | void)[] = [() => server.drop()]
  const database = await openDatabase(
    { databaseUrl: server.databaseUrl, schema: 'executor', migrations: new URL('../../drizzle/', import.meta.url) },
    {
      log: { info: () => {}, warn: () => {} },
      signal: new AbortController().signal,
      check: () => {},
      release: (_name, releaser) => void releasers.push(releaser),
    },
  )
  const written: WrittenEvent[] = []
  return {
    ...database,
    written,
    databaseUrl: server.databaseUrl,
    ledger(executorId) {
      const ledger = openLedger(server.databaseUrl, executorId, (events) => void written.push(...events))
      releasers.push(() => ledger.close())
      return ledger
    },
    async [Symbol.asyncDispose]() {
      for (const release of releasers.toReversed()) await release()
    },
  }
}

/** A job that waits in the queue, unless told otherwise. */
export function newJob(part: Partial<NewJob> & Pick<NewJob, 'id'>): NewJob {
  return {
    process_id: 'echo',
    process_version: null,
    owner: 'ann',
    mode: 'async',
    state: 'queued',
    priority: 0,
    attempt: 0,
    attempts_most: 3,
    request: '{"processId":"echo"}',
    results: null,
    problem: null,
    executor_id: null,
    notify: false,
    traceparent: null,
    lease_ms: null,
    deadline: null,
    age_ms: 0,
    ...part,
  }
}
