import { readDatabaseConfig, type DatabaseConfig } from '@warren/database'
import { readMeshConfig, type MeshConfig } from '@warren/mesh'
import { z } from 'zod'

const Env = z.object({
  /** Seconds for which a token is good; a week unless told */
  TOKEN_TTL_S: z.coerce.number().int().min(1).max(31_536_000).default(604_800),
})

export interface Config extends DatabaseConfig {
  readonly mesh: MeshConfig
  readonly tokenTtlS: number
}

/** @throws ZodError naming the variable that does not fit */
// oxlint-disable-next-line node/no-process-env -- the one place of this service that reads it
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return { mesh: readMeshConfig(env), ...readDatabaseConfig(env), tokenTtlS: Env.parse(env).TOKEN_TTL_S }
}
