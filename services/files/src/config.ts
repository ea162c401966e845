import { readDatabaseConfig, type DatabaseConfig } from '@warren/database'
import { readMeshConfig, type MeshConfig } from '@warren/mesh'

export interface Config extends DatabaseConfig {
  readonly mesh: MeshConfig
}

// oxlint-disable-next-line node/no-process-env -- the one place of this service that reads it
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return { mesh: readMeshConfig(env), ...readDatabaseConfig(env) }
}
