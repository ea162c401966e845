import { z } from 'zod'

const Env = z.object({
  AMQP_URL: z.string().default('amqp://guest:guest@127.0.0.1:5672'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  INSTANCE: z.string().max(60).optional(),
})

/** What every service needs to take part. */
export interface MeshConfig {
  /** One URL, or several separated by commas, tried in turn. */
  readonly amqpUrl: string
  readonly logLevel: string
  /** Name of this instance; made up when absent. */
  readonly instance?: string
}

/**
 * Reads `AMQP_URL`, `LOG_LEVEL` and `INSTANCE`.
 *
 * @throws ZodError naming the variable that does not fit
 */
export function readMeshConfig(env: NodeJS.ProcessEnv): MeshConfig {
  const { AMQP_URL, LOG_LEVEL, INSTANCE } = Env.parse(env)
  return { amqpUrl: AMQP_URL, logLevel: LOG_LEVEL, ...(INSTANCE && { instance: INSTANCE }) }
}
