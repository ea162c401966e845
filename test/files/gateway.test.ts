import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { promisify } from 'node:util'
import type { FileDocument } from '@warren/contracts'
import { Upload } from 'tus-js-client'
import { sha256, someBytes } from '../support/files.ts'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'
import { eventually } from '../support/wait.ts'

const MEBIBYTE = 2 ** 20
const dir = mkdtempSync(join(tmpdir(), 'warren-files-'))
const stack = await startStack({ env: { FILES_DIR: dir, SWEEP_S: '0.2' } })
const http = await createHttp(stack.url)
const url = `${stack.url}/files`
const run = promisify(execFile)
after(async () => {
  await stack.close()
  rmSync(dir, { recursive: true, force: true })
})

it('stores, describes, lists and gives files as its document says', async () => {
  const bytes = someBytes(100_000)
  const stored = await http('/files/data.csv', { method: 'PUT', body: bytes })
  assert.equal(stored.status, 201)
  const { id, ...file } = stored.json<FileDocument>()
  assert.deepEqual([file.name, file.size, file.sha256, file.type], ['data.csv', 100_000, sha256(bytes), 'text/csv'])
  assert.equal(stored.headers.get('location'), `${url}/${id}`)
  assert.equal((await http(`/files/${id}/metadata`)).json<FileDocument>().id, id)
  assert.equal((await http(`/files?name=data*`)).json<{ files: FileDocument[] }>().files[0]?.id, id)
  const part = await http(`/files/${id}`, { headers: { range: 'bytes=10-19' } })
  assert.deepEqual([part.status, part.headers.get('content-range')], [206, 'bytes 10-19/100000'])
  const etag = part.headers.get('etag') as string
  assert.equal((await http(`/files/${id}`, { headers: { 'if-none-match': etag } })).status, 304)
  assert.equal((await http(`/files/${id}`, { headers: { 'if-match': '"x"' } })).status, 412)
  assert.equal((await http(`/files/${id}`, { headers: { range: 'bytes=100000-' } })).status, 416)
  assert.equal((await http(`/files/${id}`, { method: 'HEAD' })).headers.get('content-length'), '100000')
  assert.equal((await http(`/files/${id}`, { method: 'DELETE' })).status, 204)
  const gone = await http(`/files/${id}`)
  assert.deepEqual([gone.status, gone.json()['type']], [404, `${stack.url}/problems/no-such-file`])
  assert.equal((await http(`/files/${id}/restoration`, { method: 'POST' })).status, 200)
  const wrong = await http(`/files/data.csv?sha256=${sha256('else')}`, { method: 'PUT', body: bytes })
  assert.deepEqual([wrong.status, wrong.json()['code']], [422, 'DIGEST_MISMATCH'])
  assert.equal((await http('/files?limit=0')).status, 400)
  assert.equal((await http('/files', { method: 'DELETE' })).status, 405)
  const form = new FormData()
  form.append('file', new File([bytes], 'Größe.bin'))
  assert.equal((await http('/files', { method: 'POST', body: form })).json<FileDocument>().name, 'Größe.bin')
})

it('streams a large file both ways, and needs no memory for it', async () => {
  const [block, blocks] = [someBytes(MEBIBYTE), 200]
  const before = ['gateway', 'files'].map((name) => peak(name as 'gateway'))
  const hash = createHash('sha256')
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      hash.update(block)
      controller.enqueue(block)
      if (++sent === blocks) controller.close()
    },
  })
  const answer = await fetch(`${url}/large.bin`, { method: 'PUT', body, duplex: 'half' })
  const { id, ...file } = (await answer.json()) as FileDocument
  const digest = hash.digest('hex')
  assert.deepEqual([answer.status, file.size, file.sha256], [201, blocks * MEBIBYTE, digest])
  const read = createHash('sha256')
  for await (const chunk of (await fetch(`${url}/${id}`)).body ?? []) read.update(chunk as Uint8Array)
  assert.equal(read.digest('hex'), digest)
  const grown = ['gateway', 'files'].map((name, at) => peak(name as 'gateway') - (before[at] as number))
  for (const bytes of grown) assert.ok(bytes < 80 * MEBIBYTE, `${Math.round(bytes / MEBIBYTE)} MiB more`)
})

it('takes an upload of tus-js-client that goes on with another instance of the service', async () => {
  const bytes = someBytes(48 * MEBIBYTE, 3)
  let fileUrl: string | undefined
  const done = new Promise<void>((resolve, reject) => {
    new Upload(Buffer.from(bytes.buffer), {
      endpoint: `${url}/uploads`,
      retryDelays: Array.from({ length: 40 }, () => 250),
      metadata: { filename: 'big.bin', sha256: sha256(bytes) },
      chunkSize: 20 * MEBIBYTE,
      onAfterResponse: (_request, response) => void (fileUrl = response.getHeader('Warren-File') ?? fileUrl),
      onError: reject,
      onSuccess: () => resolve(),
    }).start()
  })
  await eventually('some of it is here', 20_000, () => spooledBytes() > 24 * MEBIBYTE, 5)
  await stack.signal('files', 'SIGKILL')
  stack.start('files')
  await done
  const file = await fetch(fileUrl as unknown as string)
  assert.ok(file.url.startsWith(`${url}/`))
  assert.equal(sha256(new Uint8Array(await file.arrayBuffer())), sha256(bytes))
})

it('is understood by curl', async () => {
  const copy = join(dir, 'copy.bin')
  const source = new URL(import.meta.url).pathname
  const { stdout } = await run('curl', ['-sS', '-f', '-T', source, `${url}/`])
  const { id, sha256: digest } = JSON.parse(stdout) as FileDocument
  assert.equal(digest, sha256(readFileSync(source)))
  await run('curl', ['-sS', '-f', '--range', '5-14', '-o', copy, `${url}/${id}`])
  assert.deepEqual(readFileSync(copy), readFileSync(source).subarray(5, 15))
  const form = await run('curl', ['-sS', '-f', '-F', `file=@${source}`, url])
  assert.equal((JSON.parse(form.stdout) as FileDocument).sha256, digest)
})

it('answers what a page of another origin asks before it uploads', async () => {
  const headers = { Origin: stack.url, 'Access-Control-Request-Method': 'PATCH' }
  const asked = await fetch(`${url}/uploads/x`, { method: 'OPTIONS', headers })
  assert.equal(asked.status, 204)
  assert.match(asked.headers.get('access-control-allow-headers') ?? '', /Upload-Offset/)
  const about = await fetch(`${url}/uploads`, { method: 'OPTIONS' })
  assert.equal(about.headers.get('tus-resumable'), '1.0.0')
})

function spooledBytes(): number {
  const names = globSync(join(dir, '*/incoming/*'))
  return names.reduce((sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0), 0)
}

function peak(name: 'gateway' | 'files'): number {
  const status = readFileSync(`/proc/${stack.pid(name)}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1_024
}
