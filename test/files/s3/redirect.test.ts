import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { promisify } from 'node:util'
import type { FileDocument } from '@warren/contracts'
import { sha256, someBytes } from '../../support/files.ts'
import { startPlatform } from '../../support/platform.ts'
import { startS3 } from '../../support/s3.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { eventually } from '../../support/wait.ts'

const run = promisify(execFile)
const dir = mkdtempSync(join(tmpdir(), 'warren-files-'))
after(() => rmSync(dir, { recursive: true, force: true }))
const s3 = await startS3()
const wire = await startTcpProxy(s3.url)
after(() => wire.close())
const { stack, http, jobs } = await startPlatform({
  env: {
    ...s3.env,
    FILES_DIR: dir,
    S3_ENDPOINT: wire.url,
    S3_PUBLIC_ENDPOINT: s3.url,
    S3_REDIRECT_BYTES: '100000',
    S3_URL_S: '5',
  },
})
const bytes = someBytes(300_000)
const text = Buffer.from('a word or two\n'.repeat(20_000))
const large = await store('Größe 1.bin', bytes)
const link = `${stack.url}/files/${large.id}`

async function store(name: string, body: Uint8Array<ArrayBuffer>): Promise<FileDocument> {
  const answer = await http(`/files/${encodeURIComponent(name)}`, { method: 'PUT', body })
  assert.equal(answer.status, 201)
  return answer.json<FileDocument>()
}

async function ask(headers: Record<string, string> = {}, method = 'GET', url = link): Promise<Response> {
  const answer = await fetch(url, { headers, method, redirect: 'manual' })
  await answer.clone().arrayBuffer()
  return answer
}

it('sends a client for many bytes to where they are', async () => {
  const answer = await ask()
  const location = new URL(answer.headers.get('location') as string)
  assert.deepEqual([answer.status, location.origin], [307, s3.url])
  assert.ok(location.pathname.endsWith(`/${sha256(bytes)}`))
  assert.deepEqual([answer.headers.get('cache-control'), answer.headers.get('etag')], ['no-store', null])
  const secret = s3.env['S3_SECRET_ACCESS_KEY'] as string
  assert.ok(!location.href.includes(secret) && !stack.output('files').includes(secret))

  const followed = await fetch(link)
  assert.ok(followed.redirected)
  assert.equal(sha256(new Uint8Array(await followed.arrayBuffer())), sha256(bytes))
  assert.equal(followed.headers.get('content-type'), 'application/octet-stream')
  const [, name] = /filename\*=UTF-8''(.*)$/.exec(followed.headers.get('content-disposition') ?? '') ?? []
  assert.equal(decodeURIComponent(name ?? ''), 'Größe 1.bin')
  const part = await fetch(link, { headers: { range: 'bytes=1000-200999' } })
  assert.deepEqual([part.status, part.redirected], [206, true])
  assert.deepEqual(new Uint8Array(await part.arrayBuffer()), bytes.subarray(1_000, 201_000))
})

it('gives them itself when it is asked to, or when there it would be something else', async () => {
  const preferred = await ask({ prefer: 'respond-async, return=representation' })
  assert.deepEqual([preferred.status, preferred.headers.get('preference-applied')], [200, 'return=representation'])
  assert.equal(sha256(new Uint8Array(await preferred.arrayBuffer())), sha256(bytes))
  const etag = `"${sha256(bytes)}"`
  const cases: [number, Record<string, string>, string?, string?][] = [
    [200, {}, 'HEAD'],
    [206, { range: 'bytes=0-999' }],
    [416, { range: 'bytes=300000-' }],
    [304, { 'if-none-match': etag }],
    [200, { 'if-match': etag }],
    [206, { 'if-range': etag, range: 'bytes=0-200000' }],
    [412, { 'if-match': '"x"' }],
    [200, {}, 'GET', `${link}?inline`],
    [307, { prefer: 'return=minimal' }],
  ]
  for (const [status, headers, method, url] of cases) {
    const answer = await ask(headers, method, url)
    assert.equal(answer.status, status, JSON.stringify([headers, method, url]))
  }
  const head = await ask({}, 'HEAD')
  assert.deepEqual([head.headers.get('etag'), head.headers.get('content-length')], [etag, '300000'])
})

it('lets a URL work for a while only', async () => {
  const { headers } = await ask()
  const location = headers.get('location') as string
  assert.equal((await fetch(location)).status, 200)
  await eventually('it is over', 10_000, async () => (await fetch(location)).status === 403, 250)
  const bare = new URL(location)
  bare.search = `?response-content-type=${bare.searchParams.get('response-content-type')}`
  assert.equal((await fetch(bare)).ok, false)
})

it('is understood by curl', async () => {
  const [copy, part] = [join(dir, 'copy.bin'), join(dir, 'part.bin')]
  await run('curl', ['-sS', '-f', '-L', '-o', copy, link])
  assert.equal(sha256(readFileSync(copy)), sha256(bytes))
  await run('curl', ['-sS', '-f', '-L', '--range', '1000-200999', '-o', part, link])
  assert.deepEqual(new Uint8Array(readFileSync(part)), bytes.subarray(1_000, 201_000))
  writeFileSync(copy, bytes.subarray(0, 150_000))
  await run('curl', ['-sS', '-f', '-L', '-C', '-', '-o', copy, link])
  assert.equal(sha256(readFileSync(copy)), sha256(bytes))
})

it('hands files to jobs and archives over the mesh', async () => {
  const words = await store('words.txt', new Uint8Array(text))
  const counted = await jobs.run('word-count', { file: { href: `/files/${words.id}` } })
  assert.deepEqual(counted.json(), { lines: 20_000, words: 80_000, bytes: 280_000 })
  const id = counted.headers.get('link')?.match(/\/jobs\/([\w-]+)/)?.[1] as string
  const single = await fetch(`${stack.url}/jobs/${id}/files/inputs/words.txt`)
  assert.ok(single.redirected)
  assert.equal(sha256(new Uint8Array(await single.arrayBuffer())), sha256(text))
  const archive = await fetch(`${stack.url}/jobs/${id}/files.zip`)
  assert.equal(archive.redirected, false)
  assert.ok(Buffer.from(await archive.arrayBuffer()).includes(text))
})

it('is not ready while the bucket is away, and says so', async () => {
  const readiness = async () => await (await fetch(`${stack.url}/readyz`)).text()
  wire.refuse(true)
  wire.cut()
  await eventually('it is told', 10_000, async () => /files: store/.test(await readiness()), 250)
  wire.refuse(false)
  await eventually('it is over', 10_000, async () => (await fetch(`${stack.url}/readyz`)).status === 200, 250)
})
