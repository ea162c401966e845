import { createHash } from 'node:crypto'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { WarrenError } from '@warren/contracts'
import { asked, isMissing, within } from './s3-client.ts'
import { mismatch } from './receive.ts'
import type { Direct } from './store.ts'

/** Of one PUT, and of one copy. */
const MOST_BYTES = 5 * 2 ** 30
const COPY_MS = 600_000
const CHECKSUM = 'x-amz-checksum-sha256'

interface Places {
  readonly client: S3Client
  /** The same server, as clients reach it */
  readonly outside: S3Client
  readonly urlMs: number
  /** Where clients put what nobody reads. */
  incoming(name: string): Place
  blob(digest: string): Place
}

interface Place {
  readonly Bucket: string
  readonly Key: string
}

export function directTo({ client, outside, urlMs, incoming, blob }: Places): Direct {
  return { mostBytes: MOST_BYTES, sign, adopt, discard }

  async function sign(name: string, digest: string, size: number) {
    const headers = { 'content-length': String(size), [CHECKSUM]: Buffer.from(digest, 'hex').toString('base64') }
    const put = new PutObjectCommand({ ...incoming(name), ContentLength: size, ChecksumSHA256: headers[CHECKSUM] })
    // bound to the signature, each as a header: others are refused by the server
    const names = new Set(Object.keys(headers))
    const options = {
      expiresIn: urlMs / 1_000,
      signableHeaders: new Set([...names, 'host']),
      unhoistableHeaders: names,
    }
    const url = await getSignedUrl(outside, put, options)
    return { url, headers, expiresAt: new Date(Date.now() + urlMs) }
  }

  async function adopt(name: string, digest: string, size: number): Promise<void> {
    const from = incoming(name)
    const found = await look(from)
    if (found.ContentLength !== size) {
      throw new WarrenError('BAD_INPUT', `${size} bytes were declared and ${found.ContentLength} came`)
    }
    const declared = Buffer.from(digest, 'hex').toString('base64')
    // a server that keeps the checksum has compared it
    const computed = found.ChecksumSHA256 === declared ? digest : await digestOf(from, found.ETag)
    if (computed !== digest) throw mismatch(digest, computed)
    const copy = { ...blob(digest), CopySource: `${from.Bucket}/${from.Key}`, CopySourceIfMatch: found.ETag }
    await asked(client.send(new CopyObjectCommand(copy), within(COPY_MS)))
  }

  async function look(place: Place) {
    try {
      return await asked(client.send(new HeadObjectCommand({ ...place, ChecksumMode: 'ENABLED' }), within()))
    } catch (error) {
      throw isMissing(error) ? new WarrenError('CONFLICT', 'Nothing was sent to the URL yet') : error
    }
  }

  async function digestOf(place: Place, IfMatch: string | undefined): Promise<string> {
    const { Body } = await asked(client.send(new GetObjectCommand({ ...place, IfMatch })))
    const hash = createHash('sha256')
    for await (const chunk of Body as AsyncIterable<Uint8Array>) hash.update(chunk)
    return hash.digest('hex')
  }

  async function discard(name: string): Promise<void> {
    await asked(client.send(new DeleteObjectCommand(incoming(name)), within()))
  }
}
