import { createHash } from 'node:crypto'
import { rawJson, type FileOfJob, type Traced } from '@warren/contracts'
import type { Database } from '@warren/database'
import { eq, sql } from 'drizzle-orm'
import { jobs } from '../db/schema.ts'
import type { FileLink } from '../staging/link.ts'

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
    const { href, sha256, size, type } = JSON.parse(raw) as FileLink
    return {
      name,
      sha256: file?.sha256 ?? sha256 ?? null,
      size: file?.size ?? size ?? null,
      type: file?.type ?? type ?? 'application/octet-stream',
      href,
    }
  }
  const sha256 = createHash('sha256').update(raw).digest('hex')
  return { name, sha256, size: Buffer.byteLength(raw), type: 'application/json', href: null }
}
