import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('../files/s3.child.ts', import.meta.url))
const BUCKET = 'warren'

/** A server that speaks S3, with a bucket. */
export interface S3 {
  readonly url: string
  /** The folder of the bucket */
  readonly dir: string
  /** What makes a service use it. */
  readonly env: Readonly<Record<string, string>>
  /** Uploads in parts that have begun and not ended. */
  uploads(): string[]
  /** The path of a part of one, or of what is said of it. */
  part(upload: string, part: number | 'key'): string
}

/** Ends after the tests of the file. */
export async function startS3(): Promise<S3> {
  const root = mkdtempSync(join(tmpdir(), 'warren-s3-'))
  const server = fork(child, [root, BUCKET], { stdio: 'inherit' })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  after(async () => {
    server.kill()
    await ended
    rmSync(root, { recursive: true, force: true })
  })
  const url = await new Promise<string>((resolve, reject) => {
    server.once('message', (message) => resolve(message as string))
    server.once('exit', () => reject(new Error('the S3 server ended')))
  })
  const dir = join(root, BUCKET)
  const begun = join(dir, '._S3rver_uploads')
  return {
    url,
    dir,
    env: {
      FILES_STORE: 's3',
      S3_ENDPOINT: url,
      S3_BUCKET: BUCKET,
      S3_ACCESS_KEY_ID: 'S3RVER',
      S3_SECRET_ACCESS_KEY: 'secret-of-the-tests',
      S3_PATH_STYLE: 'true',
      S3_CHECKSUMS: 'false',
    },
    uploads: () => (existsSync(begun) ? readdirSync(begun) : []),
    part: (upload, part) => join(begun, upload, String(part)),
  }
}
