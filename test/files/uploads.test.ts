import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { it } from 'node:test'
import { Upload } from 'tus-js-client'
import { openFiles, sha256, someBytes } from '../support/files.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { eventually } from '../support/wait.ts'

const files = await openFiles()
const env = { SWEEP_S: '0.2' }
let host = await files.start(env)

const tus = { 'Tus-Resumable': '1.0.0' }
const bytesType = 'application/offset+octet-stream'

async function begin(headers: Record<string, string>, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
  return await fetch(`${host.url}/uploads`, { method: 'POST', headers: { ...tus, ...headers }, ...(body && { body }) })
}

async function patch(
  location: string,
  offset: number,
  body: Uint8Array<ArrayBuffer> | string | ReadableStream<Uint8Array>,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
) {
  return await fetch(location, {
    method: 'PATCH',
    headers: { ...tus, 'Content-Type': bytesType, 'Upload-Offset': String(offset), ...headers },
    body,
    ...(signal && { signal }),
    duplex: 'half',
  })
}

async function offsetOf(location: string): Promise<number> {
  const answer = await fetch(location, { method: 'HEAD', headers: tus })
  assert.equal(answer.status, 200)
  return Number(answer.headers.get('upload-offset'))
}

async function created(length: number, headers: Record<string, string> = {}): Promise<string> {
  const answer = await begin({ 'Upload-Length': String(length), ...headers })
  assert.equal(answer.status, 201, await answer.clone().text())
  return answer.headers.get('location') as string
}

/** A body that stays open after its first bytes. */
function open(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(bytes) })
}

async function codeOf(answer: Response): Promise<[number, string]> {
  return [answer.status, ((await answer.json()) as { code: string }).code]
}

it('takes 64 MiB of tus-js-client over three cuts', async () => {
  const bytes = someBytes(64 * 2 ** 20)
  const proxy = await startTcpProxy(new URL(host.url).origin)
  proxy.throttle(60 * 2 ** 20)
  const offsets: number[] = []
  let location: string | null = null
  let fileUrl: string | undefined
  const done = new Promise<void>((resolve, reject) => {
    const upload = new Upload(Buffer.from(bytes.buffer), {
      endpoint: new URL('/files/uploads', proxy.url).href,
      retryDelays: [10, 10, 10, 10, 10],
      metadata: { filename: 'big.bin', filetype: 'application/x-big', sha256: sha256(bytes) },
      onAfterResponse: (request, response) => {
        if (request.getMethod() === 'HEAD') offsets.push(Number(response.getHeader('Upload-Offset')))
        fileUrl = response.getHeader('Warren-File') ?? fileUrl
      },
      onError: reject,
      onSuccess: () => {
        location = upload.url
        resolve()
      },
    })
    upload.start()
  })
  for (const mebibytes of [10, 30, 50]) {
    await eventually('so much is here', 20_000, () => files.spooledBytes() > mebibytes * 2 ** 20, 5)
    proxy.cut()
  }
  await done
  assert.equal(offsets.length, 3)
  assert.ok(
    offsets.every((offset, at) => offset > (offsets[at - 1] ?? 0)),
    `it went on at ${offsets.join(', ')}`,
  )
  await proxy.close()
  const direct = (url: unknown) => new URL(new URL(url as string).pathname, host.url)
  const file = await fetch(direct(fileUrl))
  assert.deepEqual(
    [file.headers.get('etag'), file.headers.get('content-type')],
    [`"${sha256(bytes)}"`, 'application/x-big'],
  )
  assert.equal(sha256(new Uint8Array(await file.arrayBuffer())), sha256(bytes))
  const ended = await fetch(direct(location), { method: 'HEAD', headers: tus })
  assert.equal(new URL(ended.headers.get('warren-file') as string).pathname, direct(fileUrl).pathname)
  assert.deepEqual(files.spooled(), [])
})

it('goes on after the service was killed, and shows nothing in between', async () => {
  const bytes = someBytes(40 * 2 ** 20, 2)
  const before = files.blobs().length
  const location = new URL(await created(bytes.length)).pathname
  const at = (): string => new URL(location, host.url).href
  for (const upTo of [20, 30]) {
    const from = await offsetOf(at())
    const sent = patch(at(), from, open(bytes.subarray(from, upTo * 2 ** 20))).catch(() => undefined)
    await eventually('some of it is recorded', 10_000, async () => {
      const [row] =
        await files.sql`select received from files.uploads where id = ${location.split('/').at(-1) as string}`
      return Number(row?.['received']) > from
    })
    const raw = fetch(`${host.url}/raw.bin`, { method: 'PUT', body: open(bytes), duplex: 'half' })
    const broken = assert.rejects(raw)
    await eventually('two are on their way', 5_000, () => files.spooled().length >= 2)
    await host.signal('SIGKILL')
    await Promise.all([sent, broken])
    host = await files.start(env)
    assert.equal(files.blobs().length, before)
    assert.equal(((await (await fetch(`${host.url}?name=raw.bin`)).json()) as { files: [] }).files.length, 0)
    assert.ok((await offsetOf(at())) > from)
  }
  const offset = await offsetOf(at())
  const last = await patch(at(), offset, bytes.subarray(offset))
  assert.equal(last.status, 204)
  const file = await fetch(last.headers.get('warren-file') as string, { method: 'HEAD' })
  assert.equal(file.headers.get('etag'), `"${sha256(bytes)}"`)
  assert.deepEqual(files.spooled(), [])
})

it('lets two instances go on with the same upload in turn, and fences off the one before', async () => {
  const bytes = someBytes(30 * 2 ** 20, 3)
  const other = await files.start(env)
  const location = await created(bytes.length)
  const elsewhere = location.replace(new URL(host.url).host, new URL(other.url).host)
  const late = new TransformStream<Uint8Array, Uint8Array>()
  const writer = late.writable.getWriter()
  const stalled = patch(location, 0, late.readable)
  void writer.write(bytes.subarray(0, 20 * 2 ** 20))
  const offset = await eventually('some of it is recorded', 10_000, async () => {
    const found = await offsetOf(elsewhere)
    return found > 0 && found
  })
  const end = await patch(elsewhere, offset, bytes.subarray(offset))
  assert.equal(end.status, 204)
  // the first one goes on with other bytes, and cannot
  void writer.write(someBytes(20 * 2 ** 20, 4)).catch(() => {})
  void writer.close().catch(() => {})
  const refused = await stalled.then(
    (answer) => answer.status,
    () => 0,
  )
  assert.ok([0, 409, 413].includes(refused), `answered ${refused}`)
  const file = await fetch(end.headers.get('warren-file') as string)
  assert.equal(sha256(new Uint8Array(await file.arrayBuffer())), sha256(bytes))
  await other.signal('SIGTERM')
})

it('says where an upload stands, and lets a new request take its turn', async () => {
  const location = await created(1_000_000, { 'Upload-Metadata': `filename ${btoa('a.csv')},private` })
  const stop = new AbortController()
  const hanging = patch(location, 0, open(someBytes(200_000, 5)), {}, stop.signal)
  await eventually('who looks sees it grow, and disturbs nothing', 5_000, async () => {
    return ((await (await fetch(location)).json()) as { offset: number }).offset === 200_000
  })
  const offset = await eventually(
    'all that was sent counts',
    5_000,
    async () => (await offsetOf(location)) === 200_000 && 200_000,
  )
  assert.deepEqual(await codeOf(await hanging), [409, 'CONFLICT'])
  assert.deepEqual(await codeOf(await patch(location, 0, 'x')), [409, 'CONFLICT'])
  assert.equal((await patch(location, offset, someBytes(800_000, 6))).status, 204)
  const head = await fetch(location, { method: 'HEAD', headers: tus })
  assert.deepEqual(
    ['upload-length', 'upload-offset', 'cache-control', 'upload-expires'].map((name) => head.headers.get(name)),
    ['1000000', '1000000', 'no-store', null],
  )
  const document = (await (await fetch(location)).json()) as Record<string, unknown>
  assert.deepEqual([document['offset'], document['length']], [1_000_000, 1_000_000])
  assert.equal(
    ((await (await fetch(`${document['file'] as string}/metadata`)).json()) as { name: string }).name,
    'a.csv',
  )
})

it('checks the checksum of each request, and the digest of the whole', async () => {
  const bytes = someBytes(1_000, 7)
  const sum = (algorithm: string, of: Uint8Array) => `${algorithm} ${createHash(algorithm).update(of).digest('base64')}`
  const location = await created(1_000)
  assert.equal(
    (await patch(location, 0, bytes.subarray(0, 400), { 'Upload-Checksum': sum('sha1', bytes.subarray(0, 400)) }))
      .status,
    204,
  )
  for (const [status, checksum] of [
    [460, sum('sha1', bytes)],
    [460, sum('sha256', bytes)],
    [400, 'md5 AAAA'],
  ] as const) {
    assert.equal((await patch(location, 400, bytes.subarray(400), { 'Upload-Checksum': checksum })).status, status)
    assert.equal(await offsetOf(location), 400)
  }
  const checksum = sum('sha256', bytes.subarray(400))
  const last = await patch(location, 400, bytes.subarray(400), { 'Upload-Checksum': checksum })
  assert.equal(
    (await fetch(last.headers.get('warren-file') as string, { method: 'HEAD' })).headers.get('etag'),
    `"${sha256(bytes)}"`,
  )

  const before = files.blobs().length
  const wrong = await created(1_000, { 'Upload-Metadata': `sha256 ${btoa(sha256('else'))}` })
  assert.deepEqual(await codeOf(await patch(wrong, 0, someBytes(1_000, 8))), [422, 'DIGEST_MISMATCH'])
  assert.equal((await fetch(wrong, { method: 'HEAD', headers: tus })).status, 404)
  assert.equal(files.blobs().length, before)
  await eventually('nothing is left of what was refused', 5_000, () => files.spooled().length === 0)
})

it('takes bytes with the creation, an unknown length, no bytes at all, and pieces sent side by side', async () => {
  const bytes = someBytes(5_000, 9)
  const whole = await begin({ 'Upload-Length': '5000', 'Content-Type': bytesType }, bytes)
  assert.deepEqual([whole.status, whole.headers.get('upload-offset')], [201, '5000'])
  const digest = async (answer: Response) =>
    (await fetch(answer.headers.get('warren-file') as string, { method: 'HEAD' })).headers.get('etag')
  assert.equal(await digest(whole), `"${sha256(bytes)}"`)

  const deferred = (await begin({ 'Upload-Defer-Length': '1' })).headers.get('location') as string
  assert.equal((await patch(deferred, 0, bytes.subarray(0, 10))).status, 204)
  const head = await fetch(deferred, { method: 'HEAD', headers: tus })
  assert.equal(head.headers.get('upload-defer-length'), '1')
  assert.equal(
    await digest(await patch(deferred, 10, bytes.subarray(10), { 'Upload-Length': '5000' })),
    `"${sha256(bytes)}"`,
  )
  assert.equal(await digest(await begin({ 'Upload-Length': '0' })), `"${sha256('')}"`)

  let fileUrl: string | undefined
  await new Promise<void>((resolve, reject) => {
    new Upload(Buffer.from(someBytes(3_000_001, 10)), {
      endpoint: `${host.url}/uploads`,
      parallelUploads: 3,
      onAfterResponse: (_request, response) => void (fileUrl = response.getHeader('Warren-File') ?? fileUrl),
      onError: reject,
      onSuccess: () => resolve(),
    }).start()
  })
  const file = await fetch(fileUrl as unknown as string)
  assert.equal(sha256(new Uint8Array(await file.arrayBuffer())), sha256(someBytes(3_000_001, 10)))
  assert.deepEqual(files.spooled(), [])
})

it('ends an upload when it is told to, or when its time is over', async () => {
  const location = await created(100)
  await patch(location, 0, someBytes(50))
  assert.equal(
    (await fetch(location, { method: 'POST', headers: { ...tus, 'X-HTTP-Method-Override': 'DELETE' } })).status,
    204,
  )
  assert.deepEqual(await codeOf(await patch(location, 50, someBytes(50))), [404, 'NO_SUCH_UPLOAD'])
  assert.deepEqual(files.spooled(), [])

  const short = await created(100)
  const answer = await patch(short, 0, someBytes(50))
  const expires = Date.parse(answer.headers.get('upload-expires') as string)
  assert.ok(expires > Date.now() + 86_000_000)
  await files.sql`update files.uploads set expires_at = now() - interval '1 second' where file_id is null`
  await eventually('it is gone', 5_000, () => files.spooled().length === 0)
  assert.ok([404, 410].includes((await patch(short, 50, someBytes(50))).status))
})

it('speaks the protocol as it is written', async () => {
  const options = await fetch(`${host.url}/uploads`, { method: 'OPTIONS' })
  assert.equal(options.headers.get('tus-version'), '1.0.0')
  assert.match(options.headers.get('tus-extension') ?? '', /checksum/)
  const location = await created(100)
  const other = await fetch(location, { method: 'HEAD', headers: { 'Tus-Resumable': '0.2.0' } })
  assert.deepEqual([other.status, other.headers.get('tus-version')], [412, '1.0.0'])
  assert.equal((await patch(location, 0, 'x', { 'Content-Type': 'text/plain' })).status, 415)
  assert.equal((await patch(location, 0, 'x', { 'Upload-Offset': '-1' })).status, 400)
  assert.deepEqual(await codeOf(await patch(location, 0, someBytes(101))), [413, 'TOO_LARGE'])
  assert.equal((await begin({})).status, 400)
  assert.equal((await begin({ 'Upload-Length': 'x' })).status, 400)
  assert.equal((await begin({ 'Upload-Length': '1', 'Upload-Metadata': 'a b c' })).status, 400)
  assert.equal((await fetch(location, { method: 'HEAD', headers: { ...tus, 'warren-principal': 'bob' } })).status, 404)
})
