import { readMeshConfig, type MeshConfig } from '@warren/mesh'
import { z } from 'zod'

const Env = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  MAX_BODY_BYTES: z.coerce.number().int().min(1).default(1_048_576),
  MAX_INLINE_BYTES: z.coerce.number().int().min(1).default(1_048_576),
  CORS_ORIGINS: z.string().default(''),
  EXPOSE_APPS: z.string().default(''),
  APP_DEADLINE_MS: z.coerce.number().int().min(1).default(60_000),
  NRP_STRICT: z.stringbool().default(false),
  NRP_MQTT_PREFIX: z
    .string()
    .regex(/^(?!\/)[^+#.]*(?<!\/)$/, 'a topic')
    .default(''),
  COMPAT_NO_LINK: z.stringbool().default(false),
  INSECURE_LISTEN: z.stringbool().default(false),
})

export interface Config {
  readonly mesh: MeshConfig
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Base of the absolute links; taken from the `Host` of each request when it is absent. */
  readonly publicUrl?: string
  readonly maxBodyBytes: number
  /** A larger value is a link in the results: at first what a request may have, so that what comes out can go in again. */
  readonly maxInlineBytes: number
  /** Origins that may call from a browser, beside the gateway's own. */
  readonly corsOrigins: readonly string[]
  /** Apps without a port that may be reached under `/apps/`. */
  readonly exposedApps: readonly string[]
  /** How long an app may take until its answer begins. */
  readonly appDeadlineMs: number
  /** The NRP dialect refuses a simulation while another one is under way, instead of letting it wait. */
  readonly nrpStrict: boolean
  /** In front of all topics of the NRP dialect. */
  readonly nrpMqttPrefix: string
  /** Some test tools cannot read a correct `Link` header of a synchronous run: leave it out. */
  readonly omitMonitorLink: boolean
  /** Nobody is served without a token, since not only programs of this machine can ask. */
  readonly requiresToken: boolean
}

/** Whether only programs of this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/**
 * Reads the environment.
 *
 * @throws ZodError when a variable does not fit
 */
// oxlint-disable-next-line node/no-process-env -- the one place of this service that reads it
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { HOST, PORT, PUBLIC_URL, MAX_BODY_BYTES, COMPAT_NO_LINK, INSECURE_LISTEN, ...more } = Env.parse(env)
  return {
    mesh: readMeshConfig(env),
    host: HOST,
    port: PORT,
    ...(PUBLIC_URL && { publicUrl: PUBLIC_URL.replace(/\/+$/, '') }),
    maxBodyBytes: MAX_BODY_BYTES,
    maxInlineBytes: more.MAX_INLINE_BYTES,
    corsOrigins: list(more.CORS_ORIGINS),
    exposedApps: list(more.EXPOSE_APPS),
    appDeadlineMs: more.APP_DEADLINE_MS,
    nrpStrict: more.NRP_STRICT,
    nrpMqttPrefix: more.NRP_MQTT_PREFIX,
    omitMonitorLink: COMPAT_NO_LINK,
    requiresToken: !isLoopback(HOST) && !INSECURE_LISTEN,
  }
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
}
