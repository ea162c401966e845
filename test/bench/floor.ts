import { temporaryDatabase } from '@warren/database'
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseUrl } from '../support/env.ts'
import { freePort } from '../support/stack.ts'

/** What figures are compared with: the least that can be written with the same libraries, each part a process. */
export interface Floor {
  /** HTTP → AMQP → HTTP, answered at once */
  readonly echoUrl: string
  /** The same, answered when a child has run and the answer is stored */
  readonly prototypeUrl: string
  /** Files to disk and back */
  readonly filesUrl: string
  stop(): Promise<void>
}

const ECHO_QUEUE = 'bench.floor'
const PROTOTYPE_QUEUE = 'bench.prototype'

export async function startFloor(): Promise<Floor> {
  const folder = mkdtempSync(join(tmpdir(), 'warren-bench-'))
  const database = await temporaryDatabase(databaseUrl())
  const children: ChildProcess[] = []
  await start('floor-consumer.ts', ECHO_QUEUE)
  await start('prototype-consumer.ts', PROTOTYPE_QUEUE, database.databaseUrl)
  return {
    echoUrl: `${await listening('floor-gateway.ts', ECHO_QUEUE)}/echo`,
    prototypeUrl: `${await listening('floor-gateway.ts', PROTOTYPE_QUEUE)}/echo`,
    filesUrl: await listening('floor-files.ts', folder),
    stop: async () => {
      for (const child of children) child.kill()
      rmSync(folder, { recursive: true, force: true })
      await database.drop()
    },
  }

  async function listening(file: string, of: string): Promise<string> {
    const port = await freePort()
    await start(file, String(port), of)
    return `http://127.0.0.1:${port}`
  }

  function start(file: string, ...options: string[]): Promise<void> {
    const child = fork(new URL(file, import.meta.url), options)
    children.push(child)
    return new Promise((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)))
    })
  }
}
