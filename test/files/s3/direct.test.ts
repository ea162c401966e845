import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import type { FileDocument } from '@warren/contracts'
import { sha256, someBytes } from '../../support/files.ts'
import { startPlatform } from '../../support/platform.ts'
import { startS3 } from '../../support/s3.ts'
import { eventually } from '../../support/wait.ts'

const dir = mkdtempSync(join(tmpdir(), 'warren-files-'))
after(() => rmSync(dir, { recursive: true, force: true }))
const s3 = await startS3()
const { stack, http } = await startPlatform({ env: { FILES_DIR: dir, ...s3.env, SWEEP_S: '0.2' } })
const bytes = someBytes(3_000_000)
let storeId = ''

interface Place {
  readonly method: string
  readonly href: string
  readonly headers: Record<string, string>
}

async function begin(headers: Record<string, string>): Promise<string> {
  const all = { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(bytes.length), ...headers }
  const answer = await http('/files/uploads', { method: 'POST', headers: all })
  return new URL(answer.headers.get('location') as string).pathname
}

const declared = { 'Upload-Metadata': `filename ${btoa('direct.csv')},sha256 ${btoa(sha256(bytes))}` }
const post = (path: string) => http(path, { method: 'POST' })

function isPlaced(upload: string): boolean {
  return existsSync(join(s3.dir, storeId, 'incoming', `${upload.split('/').at(-1)}._S3rver_object`))
}

it('takes bytes that a client has put where it was told, and nothing else', async () => {
  const upload = await begin(declared)
  assert.deepEqual([(await post(`${upload}/completion`)).status], [409])
  const { href, method, headers } = (await post(`${upload}/url`)).json<Place>()
  const url = new URL(href)
  assert.equal(url.origin, s3.url)
  storeId = url.pathname.split('/')[2] as string
  assert.equal(headers['x-amz-checksum-sha256'], Buffer.from(sha256(bytes), 'hex').toString('base64'))
  assert.match(url.searchParams.get('X-Amz-SignedHeaders') ?? '', /content-length;.*x-amz-checksum-sha256/)
  assert.ok(![...url.searchParams.keys()].some((name) => /crc32/i.test(name)))

  // this server does not compare what it gets
  for (const [code, status, wrong] of [
    ['DIGEST_MISMATCH', 422, someBytes(3_000_000, 2)],
    ['BAD_INPUT', 400, someBytes(2_999_999)],
  ] as const) {
    await fetch(href, { method, headers: { ...headers, 'content-length': String(wrong.length) }, body: wrong })
    const refused = await post(`${upload}/completion`)
    assert.deepEqual([refused.status, refused.json()['code']], [status, code])
    assert.deepEqual((await http('/files?name=direct*')).json<{ files: [] }>().files, [])
    assert.equal(existsSync(join(s3.dir, storeId, 'blobs')), false)
  }

  assert.equal((await fetch(href, { method, headers, body: bytes })).status, 200)
  const [one, two] = await Promise.all([post(`${upload}/completion`), post(`${upload}/completion`)])
  const file = one.json<FileDocument>()
  assert.deepEqual([one.status, two.status, file.id], [200, 200, two.json<FileDocument>().id])
  assert.deepEqual([file.name, file.sha256, file.size, file.type], ['direct.csv', sha256(bytes), 3_000_000, 'text/csv'])
  assert.equal(
    sha256(new Uint8Array(await (await fetch(`${stack.url}/files/${file.id}`)).arrayBuffer())),
    sha256(bytes),
  )
  assert.equal(isPlaced(upload), false)
  const head = await http(upload, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } })
  assert.equal(head.headers.get('upload-offset'), '3000000')
})

it('removes what was put there for an upload that was given up', async () => {
  const upload = await begin(declared)
  const { href, method, headers } = (await post(`${upload}/url`)).json<Place>()
  await fetch(href, { method, headers, body: bytes })
  assert.equal(isPlaced(upload), true)
  await http(upload, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } })
  await stack.signal('files', 'SIGTERM')
  stack.start('files')
  // not `stack.ready`: the gateway may not have noticed yet that it was away
  await eventually('the sweep at the start', 20_000, () => !isPlaced(upload))
  await eventually('files', 20_000, async () => (await http('/files')).status === 200)
  assert.equal(isPlaced(upload), false)
})

it('gives no place to an upload of which something is not known, or that has begun here', async () => {
  assert.equal((await post(`${await begin({})}/url`)).status, 409)
  assert.equal((await post('/files/uploads/none/url')).status, 404)
  const begun = await begin(declared)
  const headers = { 'Tus-Resumable': '1.0.0', 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0' }
  await http(begun, { method: 'PATCH', headers, body: bytes.subarray(0, 1_000) })
  assert.equal((await post(`${begun}/url`)).status, 409)
})
