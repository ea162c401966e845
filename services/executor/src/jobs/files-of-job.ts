import type { FileOfJob } from '@warren/contracts'
import type { Database } from '@warren/database'
import { asc, desc, eq, getTableColumns, sql } from 'drizzle-orm'
import { files } from '../db/schema.ts'

export type NewFileOfJob = Omit<FileOfJob, 'storedAt'>

const { jobId, ...columns } = getTableColumns(files)

/** The files of a job in the order of their paths; of several attempts the last one that has a file there. */
export async function findFilesOfJob(db: Database['db'], id: string): Promise<FileOfJob[]> {
  const rows = await db
    .selectDistinctOn([files.path], columns)
    .from(files)
    .where(eq(jobId, id))
    .orderBy(asc(files.path), desc(files.attempt))
  return rows.map(({ storedAt, ...row }) => ({ ...row, storedAt: storedAt.toISOString() }))
}

/** Repeating it changes nothing. */
export async function writeFilesOfJob(db: Database['db'], id: string, rows: readonly NewFileOfJob[]): Promise<void> {
  if (rows.length === 0) return
  const { attempt, role, path } = files
  await db
    .insert(files)
    .values(rows.map((row) => ({ jobId: id, ...row })))
    .onConflictDoUpdate({
      target: [jobId, attempt, role, path],
      set: { fileId: sql`excluded.file_id`, sha256: sql`excluded.sha256`, size: sql`excluded.size` },
    })
}
