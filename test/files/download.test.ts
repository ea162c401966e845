import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import type { FileDocument } from '@warren/contracts'
import { openFiles, put, sha256, someBytes } from '../support/files.ts'

const files = await openFiles()
const { url } = await files.start()
const bytes = someBytes(200_000)
const digest = sha256(bytes)
const stored = await put(url, encodeURIComponent('Größe 1.csv'), bytes, { 'Content-Type': 'text/csv' })
const link = `${url}/${stored.file.id}`
const run = promisify(execFile)

async function read(headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(link, { method, headers })
  return { status: answer.status, headers: answer.headers, body: new Uint8Array(await answer.arrayBuffer()) }
}

it('gives the bytes with their digest, name and type', async () => {
  assert.equal(stored.headers.get('location'), link)
  const { status, headers, body } = await read()
  assert.equal(status, 200)
  assert.equal(sha256(body), digest)
  const field = `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`
  const said = Object.fromEntries(headers)
  assert.deepEqual(
    [said['etag'], said['content-digest'], said['repr-digest'], said['content-length'], said['content-type']],
    [`"${digest}"`, field, field, '200000', 'text/csv'],
  )
  assert.equal(
    said['content-disposition'],
    `attachment; filename="Gr__e 1.csv"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.csv`,
  )
  assert.equal(said['x-content-type-options'], 'nosniff')

  const head = await read({}, 'HEAD')
  assert.deepEqual([head.status, head.headers.get('content-length'), head.body.length], [200, '200000', 0])
  assert.equal(head.headers.get('content-digest'), null)
})

it('gives ranges of them', async () => {
  const cases = [
    ['bytes=0-99', 0, 100],
    ['bytes=199990-', 199_990, 200_000],
    ['bytes=-10', 199_990, 200_000],
    ['bytes=-999999', 0, 200_000],
    ['bytes=100-999999', 100, 200_000],
  ] as const
  for (const [range, from, to] of cases) {
    const { status, headers, body } = await read({ range })
    assert.deepEqual([status, headers.get('content-range')], [206, `bytes ${from}-${to - 1}/200000`], range)
    assert.deepEqual(body, bytes.subarray(from, to))
    assert.equal(headers.get('content-digest'), null)
  }
  for (const range of ['bytes=200000-', 'bytes=-0']) {
    const { status, headers, body } = await read({ range })
    assert.deepEqual([status, headers.get('content-range')], [416, 'bytes */200000'])
    assert.equal(JSON.parse(Buffer.from(body).toString()).code, 'RANGE_NOT_SATISFIABLE')
  }
  for (const range of ['bytes=0-1,5-6', 'bytes=9-1', 'lines=0-1', 'bytes=-']) {
    const { status, body } = await read({ range })
    assert.deepEqual([status, body.length], [200, 200_000], range)
  }
})

it('holds conditions', async () => {
  const { headers } = await read({}, 'HEAD')
  const [etag, modified] = [headers.get('etag') as string, headers.get('last-modified') as string]
  const [earlier, later] = [-1, 1].map((hours) => new Date(Date.parse(modified) + hours * 3_600_000).toUTCString())
  const range = 'bytes=0-9'
  const cases: [number, Record<string, unknown>][] = [
    [304, { 'if-none-match': etag }],
    [304, { 'if-none-match': `"x", W/${etag}` }],
    [304, { 'if-none-match': '*' }],
    [200, { 'if-none-match': '"x"' }],
    [304, { 'if-modified-since': modified }],
    [200, { 'if-modified-since': earlier }],
    [200, { 'if-modified-since': 'yesterday' }],
    [200, { 'if-none-match': '"x"', 'if-modified-since': later }],
    [412, { 'if-match': '"x"' }],
    [412, { 'if-match': `W/${etag}` }],
    [200, { 'if-match': `"x", ${etag}` }],
    [412, { 'if-unmodified-since': earlier }],
    [200, { 'if-unmodified-since': modified }],
    [206, { range, 'if-range': etag }],
    [206, { range, 'if-range': modified }],
    [200, { range, 'if-range': '"x"' }],
    [200, { range, 'if-range': `W/${etag}` }],
    [200, { range, 'if-range': earlier }],
    [304, { range, 'if-none-match': etag }],
  ]
  for (const [status, headers] of cases) {
    const answer = await read(headers as Record<string, string>)
    assert.equal(answer.status, status, JSON.stringify(headers))
    if (status === 304) assert.deepEqual([answer.body.length, answer.headers.get('etag')], [0, etag])
  }
  const kept = await fetch(link, { method: 'DELETE', headers: { 'if-match': '"x"' } })
  assert.equal(kept.status, 412)
  assert.equal((await read({}, 'HEAD')).status, 200)
})

it('shows in a browser what can do no harm, and nothing else', async () => {
  const page = await put(url, 'page.html', '<script>alert(1)</script>', { 'Content-Type': 'text/html' })
  for (const [target, kind] of [
    [link, 'inline'],
    [`${url}/${page.file.id}`, 'attachment'],
  ] as const) {
    const { headers } = await fetch(`${target}?inline`)
    assert.match(headers.get('content-disposition') ?? '', new RegExp(`^${kind};`))
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.match(headers.get('content-security-policy') ?? '', /sandbox/)
  }
})

it('lists files by page, name and digest', async () => {
  const asAda = { 'warren-principal': 'ada' }
  for (const at of [1, 2, 3, 4, 5]) await put(url, `run_${at}.csv`, someBytes(10, at), asAda)
  await put(url, 'other.txt', 'x', asAda)
  const list = async (query: string) => {
    const answer = await fetch(`${url}?${query}`, { headers: asAda })
    return (await answer.json()) as {
      files: FileDocument[]
      next: string | null
      links: { rel: string; href: string }[]
    }
  }
  const names = ({ files }: { files: FileDocument[] }) => files.map(({ name }) => name)
  assert.deepEqual(names(await list('name=run_3.csv')), ['run_3.csv'])
  assert.deepEqual(names(await list('name=RUN_*')).length, 5)
  assert.deepEqual(names(await list('name=run%25*')), [])
  assert.deepEqual(names(await list(`sha256=${sha256('x')}`)), ['other.txt'])
  const seen: string[] = []
  for (let next: string | null = ''; next !== null;) {
    const page = await list(`limit=2&name=run*${next && `&after=${next}`}`)
    assert.ok(page.files.length <= 2)
    seen.push(...names(page))
    assert.equal(
      page.links.some(({ rel }) => rel === 'next'),
      page.next !== null,
    )
    next = page.next
  }
  assert.deepEqual(
    seen,
    [5, 4, 3, 2, 1].map((at) => `run_${at}.csv`),
  )
  const [answer] = (await list('name=other.txt')).files
  const metadata = answer?.links.find(({ rel }) => rel === 'self')?.href as string
  assert.deepEqual(await (await fetch(metadata, { headers: asAda })).json(), answer)
  for (const query of ['limit=0', 'limit=x', 'after=-1', 'sha256=abc']) {
    const refused = await fetch(`${url}?${query}`)
    assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [400, 'BAD_QUERY'], query)
  }
})

it('is understood by curl', async () => {
  const [source, copy] = [join(files.dir, 'source.bin'), join(files.dir, 'copy.bin')]
  const bytes = someBytes(3_000_000, 7)
  writeFileSync(source, bytes)
  const { stdout } = await run('curl', ['-sS', '-f', '-T', source, `${url}/`])
  const file = JSON.parse(stdout) as FileDocument
  assert.deepEqual([file.name, file.sha256, file.type], ['source.bin', sha256(bytes), 'application/octet-stream'])
  await run('curl', ['-sS', '-f', '-r', '1000-1999', '-o', copy, `${url}/${file.id}`])
  assert.deepEqual(new Uint8Array(readFileSync(copy)), bytes.subarray(1_000, 2_000))
  // half of it, and the rest
  writeFileSync(copy, bytes.subarray(0, 1_500_000))
  await run('curl', ['-sS', '-f', '-C', '-', '-o', copy, `${url}/${file.id}`])
  assert.equal(sha256(readFileSync(copy)), sha256(bytes))
  const form = await run('curl', ['-sS', '-f', '-F', `file=@${source};type=application/x-mine`, url])
  const sent = JSON.parse(form.stdout) as FileDocument
  assert.deepEqual([sent.name, sent.sha256, sent.type], ['source.bin', sha256(bytes), 'application/x-mine'])
})
