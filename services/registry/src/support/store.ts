import type { Asker, Operation, ProcessDescription } from '@warren/contracts'
import { LOCAL, WarrenError } from '@warren/contracts'
import { openDatabase, readDatabaseConfig, temporaryDatabase, type Database } from '@warren/database'
import type { Handler } from '@warren/mesh'
import type { z } from 'zod'
import type { Context } from '../context.ts'
import { openTokens } from '../tokens.ts'

/** The registry's tables in a database of their own, and a way to call a handler on them without a broker. */
export interface Store extends AsyncDisposable, Database {
  call<O extends Operation>(
    handler: Handler<O, Context>,
    input: z.infer<O['input']>,
    asker?: Asker,
  ): ReturnType<Handler<O, Context>>
}

export async function openStore(): Promise<Store> {
  // oxlint-disable-next-line node/no-process-env -- tests have no config.ts
  const server = await temporaryDatabase(readDatabaseConfig(process.env).databaseUrl)
  const releasers: (() => Promise<void> | void)[] = [() => server.drop()]
  const database = await openDatabase(
    { databaseUrl: server.databaseUrl, schema: 'registry', migrations: new URL('../../drizzle/', import.meta.url) },
    {
      log: { info: () => {}, warn: () => {} },
      signal: new AbortController().signal,
      check: () => {},
      release: (_name, releaser) => void releasers.push(releaser),
    },
  )
  const { db } = database
  const context: Context = { db, relay: { wake: () => {} }, tokens: await openTokens(db, 60) }
  return {
    ...database,
    call(handler, input, asker = { principal: LOCAL, roles: [] }) {
      const fail = (code: ConstructorParameters<typeof WarrenError>[0], detail?: string) =>
        new WarrenError(code, detail)
      return handler({ input, context, fail, ...asker } as unknown as Parameters<typeof handler>[0])
    },
    async [Symbol.asyncDispose]() {
      for (const release of releasers.toReversed()) await release()
    },
  }
}

/** A description that fits the contract. */
export function describe(id: string, version = '1.0.0', digest = `${id}-${version}`): ProcessDescription {
  return {
    id,
    version,
    digest,
    title: id,
    description: '',
    inputs: { text: { schema: { type: 'string', default: 'a' } } },
    outputs: { text: { schema: { type: 'string' } } },
    jobControlOptions: ['sync-execute', 'async-execute', 'dismiss'],
  }
}

export function announcement(executorId: string, processes: ProcessDescription[]) {
  return { executorId, slots: 2, leaseMs: 20_000, processes, unavailable: [] }
}
