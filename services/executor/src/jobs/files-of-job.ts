import type { FileOfJob } from '@warren/contracts'
import type { Database } from '@warren/database'
import { and, asc, desc, eq, getTableColumns, ne, sql } from 'drizzle-orm'
import { files } from '../db/schema.ts'

export type NewFileOfJob = Omit<FileOfJob, 'storedAt' | 'role'> & { readonly role: FileOfJob['role'] | 'folder' }

const { jobId, ...columns } = getTableColumns(files)

/**
 * The files of a job in the order of their paths; of several attempts the last one that has a file there, and not
 * what went in where the run has written over it.
 */
export async function findFilesOfJob(db: Database['db'], id: string): Promise<FileOfJob[]> {
  const rows = await db
    .selectDistinctOn([files.path], columns)
    .from(files)
    .where(and(eq(jobId, id), ne(files.role, 'folder')))
    .orderBy(asc(files.path), desc(files.attempt), sql`${files.role} = 'input'`)
  return rows.map(({ storedAt, role, ...row }) => {
    return { ...row, role: role as FileOfJob['role'], storedAt: storedAt.toISOString() }
  })
}

/** Paths of the folders that the last attempt left empty. */
export async function findEmptyFolders(db: Database['db'], id: string): Promise<string[]> {
  const rows = await db
    .selectDistinctOn([files.path], { path: files.path })
    .from(files)
    .where(and(eq(jobId, id), eq(files.role, 'folder')))
    .orderBy(asc(files.path))
  return rows.map(({ path }) => path)
}

/** The row of a folder, which has no bytes. */
export function emptyFolder(path: string, attempt: number): NewFileOfJob {
  const nothing = { name: null, fileId: null, source: null, size: 0, sha256: '' }
  return { path, role: 'folder', attempt, ...nothing, type: 'inode/directory' }
}

/** A statement has 65535 parameters at most. */
const ROWS_AT_A_TIME = 1_000

/** Repeating it changes nothing. */
export async function writeFilesOfJob(db: Database['db'], id: string, rows: readonly NewFileOfJob[]): Promise<void> {
  const { attempt, role, path } = files
  for (let from = 0; from < rows.length; from += ROWS_AT_A_TIME) {
    await db
      .insert(files)
      .values(rows.slice(from, from + ROWS_AT_A_TIME).map((row) => ({ jobId: id, ...row })))
      .onConflictDoUpdate({
        target: [jobId, attempt, role, path],
        set: { fileId: sql`excluded.file_id`, sha256: sql`excluded.sha256`, size: sql`excluded.size` },
      })
  }
}
