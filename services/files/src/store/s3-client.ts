import { setTimeout as wait } from 'node:timers/promises'
import { HeadBucketCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import { WarrenError } from '@warren/contracts'
import { backoffMs, type RunningService } from '@warren/mesh'

/** A bucket of a server that speaks S3. */
export interface S3Config {
  readonly bucket: string
  readonly region: string
  /** AWS when it is absent */
  readonly endpoint?: string | undefined
  /** Where clients reach the same server, if that is elsewhere */
  readonly publicEndpoint?: string | undefined
  /** What the environment has for the SDK, such as the role of the machine, when they are absent */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  /** The bucket is in the path, not in the host name. */
  readonly isPathStyle: boolean
  /** Checksums of its own in every request, which older servers do not know. */
  readonly hasChecksums: boolean
  /** Clients are sent to the server for so many bytes. */
  readonly redirectBytes: number
  /** How long such a URL works. */
  readonly urlMs: number
  /** Uploads that began longer ago are given up by now. */
  readonly staleMs: number
}

const CONNECT_MS = 5_000
/** For what has no large body. */
const ANSWER_MS = 30_000
/** A download holds one for as long as its reader takes, and nothing else shall wait for it. */
const SOCKETS_MOST = 2_000
const RETRY_AFTER_S = 5

export function openClient(
  config: S3Config,
  { log }: Pick<RunningService, 'log'>,
  endpoint = config.endpoint,
): S3Client {
  const checksums = config.hasChecksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  const agent = { keepAlive: true, maxSockets: SOCKETS_MOST }
  return new S3Client({
    region: config.region,
    forcePathStyle: config.isPathStyle,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    // it would write to the console; what matters is thrown as well
    logger: { ...silent, warn: toLog, error: toLog },
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: 0, httpAgent: agent, httpsAgent: agent },
    ...(endpoint !== undefined && { endpoint }),
    ...(config.credentials && { credentials: config.credentials }),
  })

  function toLog(...said: unknown[]): void {
    log.debug({ said: said.map(String) }, 'of the SDK')
  }
}

const silent = { trace: () => {}, debug: () => {}, info: () => {} }

/** What bounds a request; `signal` ends it before. */
export function within(ms = ANSWER_MS, signal?: AbortSignal): { readonly abortSignal: AbortSignal } {
  const late = AbortSignal.timeout(ms)
  return { abortSignal: signal ? AbortSignal.any([signal, late]) : late }
}

/** Whether the server can be used: true, or what is in the way. */
export async function probe(client: S3Client, Bucket: string): Promise<true | string> {
  return await client.send(new HeadBucketCommand({ Bucket }), within()).then(
    () => true as const,
    (error: unknown) => (isMissing(error) ? `the bucket "${Bucket}" to exist` : whatIsWrong(error)),
  )
}

/** n.b. what answers HEAD has no words */
function whatIsWrong(error: unknown): string {
  const status = error instanceof S3ServiceException && error.$metadata.httpStatusCode
  return status ? `HTTP ${status}` : (error as Error).message
}

/** Waits until the server can be used, or the service ends. */
export async function untilUsable(
  check: () => Promise<true | string>,
  { log, signal }: Pick<RunningService, 'log' | 'signal'>,
): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await check()
    if (answer === true) return
    const retryInMs = backoffMs(tries)
    log.warn({ answer, retryInMs }, 'waiting for the store')
    await wait(retryInMs, undefined, { signal })
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404
}

/**
 * A request to the server.
 *
 * @throws WarrenError UNAVAILABLE when it does not answer, or cannot now; else what it says
 */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    if (!isPassing(cause)) throw cause
    throw new WarrenError('UNAVAILABLE', 'The store of the bytes does not answer', { retryAfter: RETRY_AFTER_S, cause })
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof S3ServiceException) {
    const { httpStatusCode: status = 500 } = error.$metadata
    return (status >= 500 && status !== 501) || status === 429
  }
  // of the socket, or of a timer
  return error instanceof Error && ('code' in error || error.name === 'AbortError' || error.name === 'TimeoutError')
}
