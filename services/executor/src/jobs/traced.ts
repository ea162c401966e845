import { createHash } from 'node:crypto'
import { rawJson, type FileOfJob, type Traced } from '@warren/contracts'
import type { Database } from '@warren/database'
import { eq, sql } from 'drizzle-orm'
import { jobs } from '../db/schema.ts'
import type { FolderLink } from '../staging/link.ts'

/** What went into a job and came out of it, with digests. */
export async function findTraced(
  db: Database['db'],
  jobId: string,
  files: readonly FileOfJob[],
): Promise<{ inputs: Traced[]; outputs: Traced[] }> {
  const [row] = await db
    .select({
      inputs: sql<string | null>`(${jobs.request} -> 'inputs')::text`,
      results: sql<string | null>`${jobs.results}::text`,
    })
    .from(jobs)
    .where(eq(jobs.id, jobId))
  const inputs = rawJson.members(row?.inputs ?? '{}')
  const outputs = rawJson.members(row?.results ?? '{}')
  return {
    inputs: inputs.map(([name, raw]) => traced(name, raw, files, 'input')),
    outputs: outputs.map(([name, raw]) => traced(name, raw, files, 'output')),
  }
}

function traced(name: string, raw: string, files: readonly FileOfJob[], role: FileOfJob['role']): Traced {
  const file = files.find((file) => file.role === role && file.name === name)
  if (raw.startsWith('{"href":')) {
    const { entries, ...link } = JSON.parse(raw) as FolderLink
    // of a folder there are many files, and the digest in the request is that of its tree
    const { sha256 = null, size = null, type = 'application/octet-stream' } = (entries === undefined && file) || link
    return { name, sha256, size, type, href: link.href }
  }
  const sha256 = createHash('sha256').update(raw).digest('hex')
  return { name, sha256, size: Buffer.byteLength(raw), type: 'application/json', href: null }
}
