import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { WarrenError } from '@warren/contracts'
import { backoffMs } from '@warren/mesh'
import { asked, isMissing, within } from './s3-client.ts'

/** An object that nobody sees before it is complete. */
export interface Target {
  readonly client: S3Client
  readonly Bucket: string
  readonly Key: string
}

const PART_BYTES = 16_777_216
/** A limit of S3, and so parts of large files are larger. */
const PARTS_MOST = 10_000
const PARTS_AT_ONCE = 4
const TRIES_MOST = 4
const PART_MS = 600_000
/** The server may put the parts together before it answers. */
const COMPLETE_MS = 600_000

/** Makes a file of this machine an object, in parts when it is large; they go from the disk to the socket, as they are read. */
export async function uploadFile(target: Target, path: string, size: number): Promise<void> {
  if (size > PART_BYTES) return await uploadInParts(target, path, size)
  await trying(path, { start: 0, end: size }, async (Body) => {
    const { client, ...object } = target
    await client.send(new PutObjectCommand({ ...object, Body, ContentLength: size }), within(PART_MS))
  })
}

async function uploadInParts({ client, ...object }: Target, path: string, size: number): Promise<void> {
  const { UploadId } = await asked(client.send(new CreateMultipartUploadCommand(object), within()))
  const upload = { ...object, UploadId }
  try {
    const Parts = await uploadParts({ client, ...upload }, path, size)
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })
    await asked(client.send(complete, within(COMPLETE_MS)))
  } catch (error) {
    // what cannot be given up now is given up by the sweeper
    await client.send(new AbortMultipartUploadCommand(upload), within()).catch(() => {})
    throw error
  }
}

async function uploadParts(
  { client, ...upload }: Target & { readonly UploadId: string | undefined },
  path: string,
  size: number,
): Promise<CompletedPart[]> {
  const partBytes = Math.max(PART_BYTES, Math.ceil(size / PARTS_MOST))
  const parts = Array.from({ length: Math.ceil(size / partBytes) }, (_, at) => {
    return { PartNumber: at + 1, start: at * partBytes, end: Math.min((at + 1) * partBytes, size) }
  })
  const done: CompletedPart[] = []
  const left = parts.values()
  let failure: unknown
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, () => work().catch((error: unknown) => (failure ??= error))))
  if (failure !== undefined) throw failure
  return done

  /** Several share the list: each takes the next part when it is done with one. */
  async function work(): Promise<void> {
    for (const { PartNumber, ...range } of left) {
      if (failure !== undefined) return
      await trying(path, range, async (Body) => {
        const ContentLength = range.end - range.start
        const part = new UploadPartCommand({ ...upload, PartNumber, Body, ContentLength })
        const { ETag } = await client.send(part, within(PART_MS))
        done[PartNumber - 1] = { PartNumber, ETag }
      })
    }
  }
}

/** The SDK repeats requests, but not those with a stream as body: of it, only we can make another. */
async function trying(
  path: string,
  { start, end }: { readonly start: number; readonly end: number },
  send: (body: Buffer | Readable) => Promise<void>,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const body = end === start ? undefined : createReadStream(path, { start, end: end - 1, highWaterMark: 262_144 })
    try {
      return await asked(send(body ?? Buffer.alloc(0)))
    } catch (error) {
      if (tries === TRIES_MOST || !(error instanceof WarrenError)) throw error
    } finally {
      body?.destroy()
    }
    await wait(backoffMs(tries))
  }
}

/** Gives up uploads that began before a time: whoever sent them is gone. */
export async function abandonUploads(client: S3Client, Bucket: string, Prefix: string, before: Date): Promise<void> {
  let next: Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'> | undefined = {}
  while (next) {
    const page: ListMultipartUploadsCommandOutput = await asked(
      client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...next }), within()),
    )
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Initiated === undefined || Initiated >= before) continue
      const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId })
      await asked(client.send(abort, within())).catch((error: unknown) => {
        // it was completed, or given up, meanwhile
        if (!isMissing(error)) throw error
      })
    }
    const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page
    next = IsTruncated ? { KeyMarker, UploadIdMarker } : undefined
  }
}
