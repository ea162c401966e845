import { z } from 'zod'

const samplers = ['always_on', 'always_off', 'traceidratio'] as const

const Env = z.object({
  AMQP_URL: z.string().default('amqp://guest:guest@127.0.0.1:5672'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  INSTANCE: z.string().max(60).optional(),
  DRAIN_DELAY_MS: z.coerce.number().int().min(0).max(20_000).default(0),
  OTEL_SDK_DISABLED: z.stringbool().default(false),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_TRACES_EXPORTER: z.string().optional(),
  OTEL_TRACES_SAMPLER: z
    .enum([...samplers, ...samplers.map((name) => `parentbased_${name}` as const)])
    .default('parentbased_traceidratio'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(0.05),
  OTEL_BSP_SCHEDULE_DELAY: z.coerce.number().int().min(1).default(5_000),
})

/** What every service needs to take part. */
export interface MeshConfig {
  /** One URL, or several separated by commas, tried in turn. */
  readonly amqpUrl: string
  readonly logLevel: string
  /** Name of this instance; made up when absent. */
  readonly instance?: string
  /** How long an instance that is told to stop goes on as before, only not ready: for load balancers that look now and then. */
  readonly drainDelayMs?: number
  /** Where spans are sent; nowhere when absent. */
  readonly traces?: TracesConfig
}

export interface TracesConfig {
  /** OTLP over HTTP, with its path */
  readonly url: string
  readonly sampler: string
  /** Share of the traces that are recorded, where the sampler asks for one */
  readonly ratio: number
  /** How long spans wait for others. */
  readonly delayMs: number
}

/**
 * Reads `AMQP_URL`, `LOG_LEVEL`, `INSTANCE`, `DRAIN_DELAY_MS` and what OpenTelemetry names of traces.
 *
 * @throws ZodError naming the variable that does not fit
 */
export function readMeshConfig(env: NodeJS.ProcessEnv): MeshConfig {
  // an empty variable means the same as none, as OpenTelemetry wants
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => !name.startsWith('OTEL_') || value))
  const read = Env.parse(given)
  const traces = tracesOf(read)
  return {
    amqpUrl: read.AMQP_URL,
    logLevel: read.LOG_LEVEL,
    drainDelayMs: read.DRAIN_DELAY_MS,
    ...(read.INSTANCE && { instance: read.INSTANCE }),
    ...(traces && { traces }),
  }
}

function tracesOf(env: z.infer<typeof Env>): TracesConfig | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = env
  const url = own ?? (base && `${base.replace(/\/+$/, '')}/v1/traces`)
  if (!url || env.OTEL_SDK_DISABLED || env.OTEL_TRACES_EXPORTER === 'none') return undefined
  return {
    url,
    sampler: env.OTEL_TRACES_SAMPLER,
    ratio: env.OTEL_TRACES_SAMPLER_ARG,
    delayMs: env.OTEL_BSP_SCHEDULE_DELAY,
  }
}
