import { readDatabaseConfig } from '../config.ts'
import { openDatabase, type Database } from '../open.ts'
import { temporaryDatabase } from '../temporary.ts'
import { createHost, type TestHost } from './host.ts'
import { openProxy, type Proxy } from './proxy.ts'

export const migrations = new URL('./migrations/', import.meta.url)

/** An open database with the sample schema, reached through a proxy. */
export interface Sample extends AsyncDisposable {
  readonly host: TestHost
  readonly proxy: Proxy
  readonly database: Database
}

export async function temporary(): Promise<Awaited<ReturnType<typeof temporaryDatabase>>> {
  // oxlint-disable-next-line node/no-process-env -- tests have no config.ts
  return await temporaryDatabase(readDatabaseConfig(process.env).databaseUrl)
}

export async function openSample(): Promise<Sample> {
  const server = await temporary()
  const proxy = await openProxy(server.databaseUrl)
  const host = createHost()
  const database = await openDatabase({ databaseUrl: proxy.databaseUrl, schema: 'sample', migrations }, host)
  return {
    host,
    proxy,
    database,
    async [Symbol.asyncDispose]() {
      await host.stop()
      await proxy.shut()
      await server.drop()
    },
  }
}
