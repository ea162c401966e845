import { readMeshConfig, type MeshConfig } from '@warren/mesh'
import { z } from 'zod'

const Env = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  MAX_BODY_BYTES: z.coerce.number().int().min(1).default(1_048_576),
  CORS_ORIGINS: z.string().default(''),
  EXPOSE_APPS: z.string().default(''),
  APP_DEADLINE_MS: z.coerce.number().int().min(1).default(60_000),
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
  /** Origins that may call from a browser, beside the gateway's own. */
  readonly corsOrigins: readonly string[]
  /** Apps without a port that may be reached under `/apps/`. */
  readonly exposedApps: readonly string[]
  /** How long an app may take until its answer begins. */
  readonly appDeadlineMs: number
  /** Some test tools cannot read a correct `Link` header of a synchronous run: leave it out. */
  readonly omitMonitorLink: boolean
}

/** Whether only programs of this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/**
 * Reads the environment.
 *
 * @throws Error when a variable does not fit, or when the gateway would be open to the network
 */
// oxlint-disable-next-line node/no-process-env -- the one place of this service that reads it
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { HOST, PORT, PUBLIC_URL, MAX_BODY_BYTES, COMPAT_NO_LINK, INSECURE_LISTEN, ...more } = Env.parse(env)
  if (!isLoopback(HOST) && !INSECURE_LISTEN) {
    throw new Error(
      `HOST=${HOST} would let anybody on the network run processes here, because there is no authentication. ` +
        'Listen on 127.0.0.1, put a proxy that authenticates in front, or set INSECURE_LISTEN=true if the network is yours alone.',
    )
  }
  return {
    mesh: readMeshConfig(env),
    host: HOST,
    port: PORT,
    ...(PUBLIC_URL && { publicUrl: PUBLIC_URL.replace(/\/+$/, '') }),
    maxBodyBytes: MAX_BODY_BYTES,
    corsOrigins: list(more.CORS_ORIGINS),
    exposedApps: list(more.EXPOSE_APPS),
    appDeadlineMs: more.APP_DEADLINE_MS,
    omitMonitorLink: COMPAT_NO_LINK,
  }
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
}
