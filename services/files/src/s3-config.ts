import { z } from 'zod'
import type { S3Config } from './store/s3-client.ts'

const WEEK_S = 604_800
const url = z.url({ protocol: /^https?$/ })

const Env = z
  .object({
    S3_BUCKET: z.string(),
    S3_REGION: z.string().default('us-east-1'),
    S3_ENDPOINT: url.optional(),
    S3_PUBLIC_ENDPOINT: url.optional(),
    S3_ACCESS_KEY_ID: z.string().optional(),
    S3_SECRET_ACCESS_KEY: z.string().optional(),
    S3_PATH_STYLE: z.stringbool().default(false),
    S3_CHECKSUMS: z.stringbool().default(true),
    S3_REDIRECT_BYTES: z.coerce.number().int().min(1).default(16_777_216),
    /** Seconds for which a signed URL works */
    S3_URL_S: z.coerce.number().int().min(1).max(WEEK_S).default(300),
    /** Seconds after which an unfinished upload to the bucket counts as left over */
    S3_STALE_S: z.coerce.number().min(1).default(86_400),
  })
  .refine((env) => (env.S3_ACCESS_KEY_ID === undefined) === (env.S3_SECRET_ACCESS_KEY === undefined), {
    message: 'is needed with the other half of the credentials',
    path: ['S3_SECRET_ACCESS_KEY'],
  })

/** @throws ZodError naming the variable that does not fit, and the value of none */
export function readS3Config(given: Readonly<Record<string, string | undefined>>): S3Config {
  const env = Env.parse(given)
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = env
  return {
    bucket: env.S3_BUCKET,
    region: env.S3_REGION,
    endpoint: env.S3_ENDPOINT,
    publicEndpoint: env.S3_PUBLIC_ENDPOINT,
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
    isPathStyle: env.S3_PATH_STYLE,
    hasChecksums: env.S3_CHECKSUMS,
    redirectBytes: env.S3_REDIRECT_BYTES,
    urlMs: env.S3_URL_S * 1_000,
    staleMs: env.S3_STALE_S * 1_000,
  }
}
