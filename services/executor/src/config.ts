import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readDatabaseConfig, type DatabaseConfig } from '@warren/database'
import { readMeshConfig, type MeshConfig } from '@warren/mesh'
import { z } from 'zod'
import type { ReferencePolicy } from './grammar/reference-policy.ts'

const bundled = fileURLToPath(new URL('../../../processes', import.meta.url))

const Env = z.object({
  /** Folders of processes, separated by colons */
  PROCESSES: z.string().default(bundled),
  /** Jobs at a time; the number of cores unless told */
  SLOTS: z.coerce.number().int().min(1).max(1_024).default(availableParallelism()),
  /** Interpreter of Python processes */
  PYTHON: z.string().default('python3'),
  /** Where runners have their working directories */
  WORK_DIR: z.string().default(join(tmpdir(), `warren-work-${process.pid}`)),
  /** Where input files are kept for the next run; executors of one machine may share it */
  CACHE_DIR: z.string().optional(),
  /** About what it may take, beside a tenth for each executor that shares it */
  CACHE_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(5 * 2 ** 30),
  WARREN_DATA: z.string().optional(),
  /** Origins, separated by commas, that inputs given by reference may be read from */
  REFERENCE_ORIGINS: z.string().default(''),
  /** Of one input that is a file */
  MAX_INPUT_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(50 * 2 ** 30),
  /** Tries that an asynchronous job gets when executors are lost */
  ATTEMPTS: z.coerce.number().int().min(1).max(100).default(3),
  /** Asynchronous jobs of one owner that run at a time, on all executors together; any number unless told */
  OWNER_RUNNING: z.coerce.number().int().min(1).optional(),
  /** Jobs of one owner that may wait; more are refused */
  OWNER_QUEUED: z.coerce.number().int().min(1).default(100_000),
})

export interface Config extends DatabaseConfig {
  readonly mesh: MeshConfig
  readonly roots: readonly string[]
  readonly slots: number
  readonly python: string
  readonly workDir: string
  readonly cache: { readonly dir: string; readonly maxBytes: number }
  readonly attempts: number
  readonly ownerRunning: number | null
  readonly ownerQueued: number
  readonly references: ReferencePolicy
  /** What runners may see of it; they choose a few names. */
  readonly env: NodeJS.ProcessEnv
}

/** @throws ZodError or TypeError naming the variable that does not fit */
// oxlint-disable-next-line node/no-process-env -- the one place of this service that reads it
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { PROCESSES, SLOTS, PYTHON, WORK_DIR, ATTEMPTS, OWNER_RUNNING, OWNER_QUEUED, ...more } = Env.parse(env)
  return {
    mesh: readMeshConfig(env),
    ...readDatabaseConfig(env),
    roots: PROCESSES.split(':').filter(Boolean),
    slots: SLOTS,
    python: PYTHON,
    workDir: WORK_DIR,
    cache: { dir: more.CACHE_DIR ?? join(more.WARREN_DATA ?? WORK_DIR, 'cache'), maxBytes: more.CACHE_BYTES },
    attempts: ATTEMPTS,
    ownerRunning: OWNER_RUNNING ?? null,
    ownerQueued: OWNER_QUEUED,
    references: {
      origins: more.REFERENCE_ORIGINS.split(',').filter(Boolean),
      maxBytes: 1_048_576,
      maxFileBytes: more.MAX_INPUT_BYTES,
      timeoutMs: 10_000,
    },
    env,
  }
}
