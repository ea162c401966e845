import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { after, it } from 'node:test'
import type { FileDocument } from '@warren/contracts'
import { openFiles, put, sha256, someBytes, useStore } from '../../support/files.ts'
import type { S3 } from '../../support/s3.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { eventually } from '../../support/wait.ts'

useStore('s3')
const MEBIBYTE = 2 ** 20
const files = await openFiles()
const s3 = files.s3 as S3
const wire = await startTcpProxy(s3.url)
after(() => wire.close())
const env = { S3_ENDPOINT: wire.url, SWEEP_S: '0.2', S3_STALE_S: '1' }
let host = await files.start(env)

const tus = { 'Tus-Resumable': '1.0.0' }

it('needs no memory for a large file, in either direction', async () => {
  await thereAndBack(30) // what a file takes of whatever size: code, connections, parts on their way
  const before = host.peakBytes()
  await thereAndBack(300)
  const grown = host.peakBytes() - before
  assert.ok(grown < 40 * MEBIBYTE, `${Math.round(grown / MEBIBYTE)} MiB more`)
})

async function thereAndBack(blocks: number): Promise<void> {
  const block = someBytes(MEBIBYTE, blocks)
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(block)
      if (++sent === blocks) controller.close()
    },
  })
  const answer = await fetch(`${host.url}/${blocks}.bin`, { method: 'PUT', body, duplex: 'half' })
  const { id } = (await answer.json()) as FileDocument
  let read = 0
  for await (const chunk of (await fetch(`${host.url}/${id}`)).body ?? []) read += (chunk as Uint8Array).byteLength
  assert.deepEqual([answer.status, read], [201, blocks * MEBIBYTE])
}

it('shows nothing of an upload that it was killed at, and goes on with it', async () => {
  const bytes = someBytes(40 * MEBIBYTE)
  const before = files.blobs()
  const begun = await fetch(`${host.url}/uploads`, {
    method: 'POST',
    headers: { ...tus, 'Upload-Length': String(bytes.length) },
  })
  const path = new URL(begun.headers.get('location') as string).pathname
  wire.throttle(2 * MEBIBYTE)
  const headers = { ...tus, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0' }
  const sent = fetch(new URL(path, host.url), { method: 'PATCH', headers, body: bytes }).catch(() => undefined)
  const raw = fetch(`${host.url}/raw.bin`, { method: 'PUT', body: someBytes(20 * MEBIBYTE, 2) }).catch(() => undefined)
  await eventually('both are on their way to the bucket', 20_000, () => s3.uploads().length === 2)
  await host.signal('SIGKILL')
  await Promise.all([sent, raw])
  assert.deepEqual(files.blobs(), before)

  const left = s3.uploads().map((id) => s3.part(id, 'key'))
  await eventually('they count as left over', 5_000, () =>
    left.every((key) => Date.now() - statSync(key).mtimeMs > 1_100),
  )
  wire.throttle(Infinity)
  host = await files.start(env)
  assert.deepEqual(s3.uploads(), [])
  assert.deepEqual(files.blobs(), before)
  assert.equal(((await (await fetch(`${host.url}?name=raw.bin`)).json()) as { files: [] }).files.length, 0)
  const ended = await fetch(new URL(path, host.url), { method: 'HEAD', headers: tus })
  const file = await fetch(ended.headers.get('warren-file') as string)
  assert.equal(sha256(new Uint8Array(await file.arrayBuffer())), sha256(bytes))
  assert.deepEqual([new Set(files.blobs()), files.spooled()], [new Set([...before, sha256(bytes)]), []])
})

it('sends the same bytes once when they come many times at once', async () => {
  const bytes = someBytes(20 * MEBIBYTE, 3)
  const before = files.blobs().length
  const most = { uploads: 0 }
  const watch = setInterval(() => (most.uploads = Math.max(most.uploads, s3.uploads().length)), 1)
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, at) => fetch(`${host.url}?name=${at}.bin`, { method: 'POST', body: bytes })),
  )
  clearInterval(watch)
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
  assert.deepEqual([files.blobs().length - before, most.uploads, s3.uploads().length], [1, 1, 0])
  assert.deepEqual(files.spooled(), [])
})

it('keeps nothing of a large file with another digest', async () => {
  const before = files.blobs()
  const { status, code } = await put(host.url, `a.bin?sha256=${sha256('else')}`, someBytes(20 * MEBIBYTE, 4))
  assert.deepEqual([status, code], [422, 'DIGEST_MISMATCH'])
  assert.deepEqual([files.blobs(), files.spooled(), s3.uploads()], [before, [], []])
})

it('answers 503 while the bucket is away, and keeps nothing of what it could not store', async () => {
  const { file } = await put(host.url, 'kept.bin', someBytes(1_000, 5))
  wire.refuse(true)
  wire.cut()
  const before = files.blobs()
  const refused = await put(host.url, 'a.bin', someBytes(1_000, 6))
  assert.deepEqual([refused.status, refused.code], [503, 'UNAVAILABLE'])
  assert.equal((await fetch(`${host.url}/${file.id}`)).status, 503)
  assert.deepEqual([files.blobs(), files.spooled()], [before, []])
  wire.refuse(false)
  assert.equal((await put(host.url, 'a.bin', someBytes(1_000, 6))).status, 201)
  assert.equal((await fetch(`${host.url}/${file.id}`)).status, 200)
})

it('sends parts again that did not get through', async () => {
  const bytes = someBytes(60 * MEBIBYTE, 7)
  wire.throttle(10 * MEBIBYTE)
  const stored = put(host.url, 'cut.bin', bytes)
  await eventually('parts are on their way', 20_000, () => s3.uploads().some((id) => existsSync(s3.part(id, 4))))
  wire.cut('PUT')
  wire.throttle(Infinity)
  assert.deepEqual([(await stored).status, files.blobs().includes(sha256(bytes))], [201, true])
  assert.deepEqual(s3.uploads(), [])
})
