import { readDatabaseConfig, type DatabaseConfig } from '@warren/database'
import { readMeshConfig, type MeshConfig } from '@warren/mesh'
import { z } from 'zod'
import { parseAllowed, type Allowed } from './webhooks/allowed.ts'

/** 1 s, 5 s, 30 s, 2 min, 10 min, 1 h, 3 h, 8 h, 24 h: about a day and a half in all. */
const RETRY_MS = '1000,5000,30000,120000,600000,3600000,10800000,28800000,86400000'

const Env = z.object({
  WEBHOOK_ALLOW: z.string().default(''),
  WEBHOOK_RETRY_MS: z
    .string()
    .regex(/^\d{1,10}(,\d{1,10})*$/, 'milliseconds, separated by commas')
    .default(RETRY_MS),
  WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'whsec_ and base64 of at least 24 bytes')
    .optional(),
})

export interface Config extends DatabaseConfig {
  readonly mesh: MeshConfig
  /** Receivers that may be reached though their addresses are private. */
  readonly allowed: Allowed
  /** How long a failed message waits before its second try, its third and so on; then it is parked. */
  readonly retryAfterMs: readonly number[]
  /** Signs what subscribers named by jobs get; made up and kept in the database unless told. */
  readonly secret?: string
}

/** @throws ZodError or TypeError naming the variable that does not fit */
// oxlint-disable-next-line node/no-process-env -- the one place of this service that reads it
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const filled = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const { WEBHOOK_ALLOW, WEBHOOK_RETRY_MS, WEBHOOK_SECRET } = Env.parse(filled)
  return {
    mesh: readMeshConfig(env),
    ...readDatabaseConfig(env),
    allowed: parseAllowed(WEBHOOK_ALLOW),
    retryAfterMs: WEBHOOK_RETRY_MS.split(',').map(Number),
    ...(WEBHOOK_SECRET && { secret: WEBHOOK_SECRET }),
  }
}
