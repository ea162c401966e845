import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDatabaseConfig, type DatabaseConfig } from '@warren/database'
import { readMeshConfig, type MeshConfig } from '@warren/mesh'
import { z } from 'zod'
import { readS3Config } from './s3-config.ts'
import type { S3Config } from './store/s3-client.ts'

const DAY_S = 86_400
const bytes = (fallback: number) => z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(fallback)

const Env = z.object({
  /** Where the bytes are; instances share it */
  FILES_DIR: z.string().optional(),
  /** Where whole files go; what is on its way in is in FILES_DIR in any case */
  FILES_STORE: z.enum(['disk', 's3']).default('disk'),
  WARREN_DATA: z.string().optional(),
  MAX_FILE_BYTES: bytes(50 * 2 ** 30),
  /** Of all files of one owner together; 0 for no limit */
  QUOTA_BYTES: bytes(0),
  /** Files of one owner; 0 for no limit */
  QUOTA_FILES: bytes(0),
  /** Unfinished uploads of one owner */
  MAX_UPLOADS: z.coerce.number().int().min(1).default(1_000),
  MAX_FOLDER_FILES: z.coerce.number().int().min(1).default(5_000),
  /** Seconds for which a deleted file can come back, and one that was taken out of its folder can be read */
  RETENTION_S: z.coerce.number().min(0).default(DAY_S),
  /** Seconds for which an upload that does not go on is kept */
  UPLOAD_TTL_S: z.coerce.number().min(1).default(DAY_S),
  /** Seconds between the rounds of the sweeper */
  SWEEP_S: z.coerce.number().min(0.05).default(60),
})

export interface Config extends DatabaseConfig {
  readonly mesh: MeshConfig
  readonly dir: string
  /** Files are kept in the folder when it is absent. */
  readonly s3?: S3Config
  readonly limits: Limits
  readonly retentionMs: number
  readonly uploadTtlMs: number
  readonly sweepMs: number
}

export interface Limits {
  readonly maxFileBytes: number
  /** Of one owner; infinite without a limit, like the next. */
  readonly quotaBytes: number
  readonly quotaFiles: number
  readonly maxUploads: number
  /** Of one folder. */
  readonly maxFolderFiles: number
}

/** @throws ZodError or TypeError naming the variable that does not fit */
// oxlint-disable-next-line node/no-process-env -- the one place of this service that reads it
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const read = Env.parse(given)
  return {
    mesh: readMeshConfig(env),
    ...readDatabaseConfig(env),
    dir: read.FILES_DIR ?? join(read.WARREN_DATA ?? join(tmpdir(), 'warren'), 'files'),
    ...(read.FILES_STORE === 's3' && { s3: readS3Config(given) }),
    limits: {
      maxFileBytes: read.MAX_FILE_BYTES,
      quotaBytes: read.QUOTA_BYTES || Infinity,
      quotaFiles: read.QUOTA_FILES || Infinity,
      maxUploads: read.MAX_UPLOADS,
      maxFolderFiles: read.MAX_FOLDER_FILES,
    },
    retentionMs: read.RETENTION_S * 1_000,
    uploadTtlMs: read.UPLOAD_TTL_S * 1_000,
    sweepMs: read.SWEEP_S * 1_000,
  }
}
