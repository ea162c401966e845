import type { RunningService } from '@warren/mesh'
import type { Sql } from 'postgres'
import type { Sweeper } from './sweeper.ts'

/** Measures what is stored, and what the sweeper of this instance got back. */
export function measureFiles({ measure }: Pick<RunningService, 'measure'>, sql: Sql, sweeper: Sweeper): void {
  measure(
    {
      files: { name: 'warren_files', help: 'Files that are stored' },
      bytes: { name: 'warren_files_stored_bytes', help: 'Bytes of all blobs' },
      uploads: { name: 'warren_uploads_open', help: 'Uploads that have not ended' },
      reclaimed: {
        name: 'warren_files_reclaimed_bytes_total',
        help: 'Bytes removed because nothing refers to them',
        counter: true,
      },
    },
    async () => {
      const [row] = await sql<{ files: number; bytes: number; uploads: number }[]>`
select (select count(*)::int from files.files where deleted_at is null) as files,
  (select coalesce(sum(size), 0)::float8 from files.blobs) as bytes,
  (select count(*)::int from files.uploads where file_id is null) as uploads`
      return { ...row, reclaimed: sweeper.reclaimedBytes() }
    },
  )
}
