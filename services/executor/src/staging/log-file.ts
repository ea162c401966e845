import { createWriteStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { LogLine } from '@warren/contracts'
import type { Database } from '@warren/database'
import { readRecords } from '../jobs/read-records.ts'
import { findInside, type LocalFile } from './local-file.ts'
import { safeName } from './name.ts'

/**
 * Writes the log of a job, as there is one until now, into the working directory, under a name that nothing has there.
 *
 * @returns undefined when nothing was said
 */
export async function writeLogFile(db: Database['db'], jobId: string, workdir: string): Promise<LocalFile | undefined> {
  const taken = new Set((await readdir(workdir)).map((name) => name.toLowerCase()))
  const name = safeName('job.log', taken)
  await pipeline(Readable.from(textOf(db, jobId)), createWriteStream(join(workdir, name)))
  const file = await findInside(workdir, name)
  if (typeof file === 'string') throw new Error(`${name} ${file}`)
  return file.size > 0 ? file : undefined
}

/** As `/jobs/{id}/logs` prints it. */
async function* textOf(db: Database['db'], jobId: string): AsyncGenerator<string> {
  for (let after = 0, more = true; more;) {
    const page = await readRecords(db, { jobId, kind: 'log', after })
    const lines = page.records as LogLine[]
    for (const { line } of lines) yield `${line}\n`
    after = lines.at(-1)?.no ?? after
    more = page.more
  }
}
