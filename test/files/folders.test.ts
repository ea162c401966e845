import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { FolderDocument, FolderEntry, FolderList } from '@warren/contracts'
import { openFiles, put, sha256, someBytes } from '../support/files.ts'
import { eventually } from '../support/wait.ts'

const files = await openFiles()
const limits = { MAX_FOLDER_FILES: '5', MAX_FILE_BYTES: '2000000' }
const host = await files.start({ ...limits, RETENTION_S: '1', SWEEP_S: '0.2' })
const folders = host.url.replace(/files$/, 'folders')

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> }

interface Answer<T> {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: T & { readonly code: string }
}

async function ask<T = unknown>(path: string, init: Init = {}, who = 'ada', roles = 'user'): Promise<Answer<T>> {
  const headers = { 'warren-principal': who, 'warren-roles': roles, connection: 'close', ...init.headers }
  const answer = await fetch(path.startsWith('http') ? path : `${folders}${path}`, { ...init, headers })
  const text = await answer.text()
  const isJson = /json/.test(answer.headers.get('content-type') ?? '')
  const body = (isJson ? JSON.parse(text) : undefined) as Answer<T>['body']
  return { status: answer.status, headers: answer.headers, text, body }
}

const store = (path: string, body: string, headers: Record<string, string> = {}) =>
  ask<FolderEntry>(path, { method: 'PUT', body, headers })
const describe = (id: string, who?: string, roles?: string) => ask<FolderDocument>(`/${id}`, {}, who, roles)
const expires = async (fileId: string) =>
  (await files.sql`select expires_at from files.files where id = ${fileId}`)[0]?.['expires_at'] as
    | Date
    | null
    | undefined

it('keeps a tree of files under their paths, as files that can be read in every way', async () => {
  const one = await store('/exp/Main Script.py', 'print(1)\n')
  assert.deepEqual([one.status, one.body.path], [201, 'Main Script.py'])
  assert.equal(one.headers.get('location'), `${folders}/exp/Main%20Script.py`)
  assert.equal(one.body.href, one.headers.get('location'))
  await store('/exp/data/a%2Bb.csv', 'x,y\n', { 'content-type': 'text/csv' })
  await store('/exp/data/Ä.bin', '\u0000\u0001', { 'content-type': 'application/octet-stream' })

  const { body: folder } = await describe('exp')
  assert.deepEqual(
    folder.entries.map(({ path, size, type, sha256 }) => [path, size, type, sha256]),
    [
      ['Main Script.py', 9, 'text/plain;charset=UTF-8', sha256('print(1)\n')],
      ['data/a+b.csv', 4, 'text/csv', sha256('x,y\n')],
      ['data/Ä.bin', 2, 'application/octet-stream', sha256('\u0000\u0001')],
    ],
  )
  const lines = folder.entries.map(({ path, sha256 }) => `${sha256}  ${path}\n`)
  assert.deepEqual([folder.files, folder.size, folder.sha256], [3, 15, sha256(lines.join(''))])

  for (const { href, fileId, sha256: digest, size } of folder.entries) {
    for (const url of [href, `${host.url}/${fileId}`]) {
      const read = await ask(url)
      assert.deepEqual([read.status, sha256(read.text), read.headers.get('etag')], [200, digest, `"${digest}"`])
    }
    const part = await ask(href, { headers: { range: 'bytes=1-1' } })
    assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes 1-1/${size}`])
    assert.equal((await ask(href, { headers: { 'if-none-match': `"${digest}"` } })).status, 304)
    const head = await ask(href, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-length'), head.text], [200, String(size), ''])
    assert.match(head.headers.get('cache-control') ?? '', /no-cache/)
  }
})

it('replaces a file, leaves the same one, and goes by the conditions of the request', async () => {
  const first = await store('/versions/a.txt', 'one')
  const same = await store('/versions/a.txt', 'one')
  assert.deepEqual([same.status, same.body.fileId, same.body.modified], [200, first.body.fileId, first.body.modified])
  const stale = await store('/versions/a.txt', 'three', { 'if-match': `"${sha256('two')}"` })
  assert.deepEqual([stale.status, stale.body.code], [412, 'PRECONDITION_FAILED'])
  assert.equal((await store('/versions/a.txt', 'three', { 'if-none-match': '*' })).status, 412)
  assert.equal((await store('/versions/new.txt', 'three', { 'if-match': '*' })).status, 412)
  const second = await store('/versions/a.txt', 'two', { 'if-match': `"${sha256('one')}"` })
  assert.equal(second.status, 201)
  assert.equal((await ask('/versions/a.txt')).text, 'two')
  assert.equal((await describe('versions')).body.files, 1)

  // for a while who was told of the old one can read it; what is in the folder does not expire
  assert.equal((await ask(`${host.url}/${first.body.fileId}`)).text, 'one')
  assert.equal(await expires(second.body.fileId), null)
  await eventually('the old one is gone', 10_000, async () => (await expires(first.body.fileId)) === undefined)
  assert.equal((await ask('/versions/a.txt')).text, 'two')
})

it('refuses bytes that are not those declared or too many, and takes known ones unsent', async () => {
  const wrong = await ask(`/limits/a?sha256=${sha256('b')}`, { method: 'PUT', body: 'a' })
  assert.deepEqual([wrong.status, wrong.body.code], [422, 'DIGEST_MISMATCH'])
  assert.equal((await ask('/limits/a', { method: 'PUT', body: someBytes(2_000_001) })).status, 413)
  assert.equal((await describe('limits')).status, 404)
  await put(host.url, 'known.bin', 'known bytes', { 'warren-principal': 'ada' })
  const known = await ask<FolderEntry>(`/limits/a?sha256=${sha256('known bytes')}`, { method: 'PUT' })
  assert.deepEqual([known.status, known.body.size], [201, 11])
  assert.equal((await ask(`/limits/a?sha256=${sha256('unknown')}`, { method: 'PUT' })).status, 404)
})

it('takes safe paths only, each as a file or as a folder, and only so many', async () => {
  for (const path of ['..%2Fx', 'a%2F..%2Fx', '%2Fetc', 'a%2F%2Fb', 'a%00', 'a%2F.', 'a%5Cb', 'x'.repeat(256)]) {
    const { status, body } = await store(`/paths/${path}`, 'x')
    assert.deepEqual([status, body.code], [400, 'BAD_INPUT'], path)
  }
  for (const id of ['.hidden', 'a b', 'x'.repeat(129)]) {
    assert.equal((await store(`/${encodeURIComponent(id)}/x`, 'x')).status, 400, id)
  }
  assert.equal((await describe('paths')).status, 404)
  await store('/paths/a/b', '1')
  for (const path of ['a', 'a/b/c']) assert.equal((await store(`/paths/${path}`, 'x')).body.code, 'CONFLICT', path)
  for (const path of ['A', 'a.', 'a/B', 'ab']) assert.equal((await store(`/paths/${path}`, 'x')).status, 201, path)
  const more = await store('/paths/more', 'x')
  assert.deepEqual([more.status, more.body.code], [413, 'TOO_LARGE'])
  assert.equal((await store('/paths/ab', 'another')).status, 201)
})

it('copies a folder without its bytes, and keeps a file until it is in no folder any more', async () => {
  const { fileId } = (await store('/source/in/a.txt', 'shared')).body
  await store('/source/b.txt', 'b')
  const before = files.blobs()
  const copy = await ask<FolderDocument>('', { method: 'POST', body: JSON.stringify({ id: 'copy', from: 'source' }) })
  assert.deepEqual([copy.status, copy.headers.get('location')], [201, `${folders}/copy`])
  assert.deepEqual(files.blobs(), before)
  const source = (await describe('source')).body
  assert.equal(copy.body.sha256, source.sha256)
  assert.deepEqual(
    copy.body.entries.map(({ path, fileId }) => [path, fileId]),
    source.entries.map(({ path, fileId }) => [path, fileId]),
  )
  // each goes its own way
  await store('/copy/b.txt', 'changed')
  assert.equal((await ask('/source/b.txt')).text, 'b')
  assert.equal((await ask('/source', { method: 'DELETE' })).status, 204)
  assert.equal(await expires(fileId), null)
  assert.equal((await ask('/copy/in/a.txt')).text, 'shared')
  const refused = await ask(`${host.url}/${fileId}`, { method: 'DELETE' })
  assert.deepEqual([refused.status, refused.body.code], [409, 'CONFLICT'])
  assert.equal((await ask('/copy/in/a.txt', { method: 'DELETE' })).status, 204)
  assert.equal((await ask('/copy/in/a.txt', { method: 'DELETE' })).status, 404)
  await eventually('it is gone', 10_000, async () => (await expires(fileId)) === undefined)

  const again = await ask('', { method: 'POST', body: JSON.stringify({ id: 'copy' }) })
  assert.deepEqual([again.status, again.body.code], [409, 'CONFLICT'])
  const from = await ask('', { method: 'POST', body: JSON.stringify({ id: 'other', from: 'nothing' }) })
  assert.deepEqual([from.status, from.body.code], [404, 'NO_SUCH_FOLDER'])
  assert.equal((await describe('other')).status, 404)
  for (const body of ['{', '{}', '{"id":"../x"}']) assert.equal((await ask('', { method: 'POST', body })).status, 400)
})

it('loses no file and keeps none for ever when copies are made and removed at once', async () => {
  await store('/base/f', 'the same')
  const { fileId } = (await describe('base')).body.entries[0] as FolderEntry
  const ids = Array.from({ length: 12 }, (_, n) => `c${n}`)
  const copy = (id: string) => ask('', { method: 'POST', body: JSON.stringify({ id, from: 'base' }) })
  assert.deepEqual(new Set((await Promise.all(ids.map(copy))).map(({ status }) => status)), new Set([201]))
  const remove = (id: string) => ask(`/${id}`, { method: 'DELETE' })
  await Promise.all(ids.slice(1).map(remove))
  assert.equal(await expires(fileId), null)
  await Promise.all(['base', 'c0'].map(remove))
  await eventually('nothing is left', 10_000, async () => (await expires(fileId)) === undefined)
})

it('belongs to its owner: others have folders of the same name, and administrators see all', async () => {
  await ask('/mine/a', { method: 'PUT', body: 'ada' }, 'ada')
  assert.equal((await describe('mine', 'bob')).body.code, 'NO_SUCH_FOLDER')
  assert.equal((await ask('/mine/a?owner=ada', {}, 'bob')).status, 404)
  assert.equal((await ask('/mine/a', { method: 'PUT', body: 'bob' }, 'bob')).status, 201)
  assert.equal((await ask('/mine/a', {}, 'ada')).text, 'ada')
  const seen = await ask<FolderDocument>('/mine?owner=ada', {}, 'root', 'admin')
  assert.deepEqual([seen.body.owner, seen.body.entries[0]?.href], ['ada', `${folders}/mine/a?owner=ada`])
  const list = await ask<FolderList>('?id=mine', {}, 'root', 'admin')
  assert.deepEqual(
    list.body.folders.map(({ owner, files, size }) => [owner, files, size]),
    [
      ['bob', 1, 3],
      ['ada', 1, 3],
    ],
  )
  assert.equal((await ask('/mine?owner=ada', { method: 'DELETE' }, 'bob')).status, 404)
  assert.equal((await ask('/mine?owner=bob', { method: 'DELETE' }, 'root', 'admin')).status, 204)
  assert.equal((await describe('mine', 'bob')).status, 404)
})

it('lists folders page by page', async () => {
  const make = (id: string) => ask('', { method: 'POST', body: JSON.stringify({ id }) }, 'pat')
  for (const id of ['p1', 'p2', 'p3', 'q1']) await make(id)
  const ids: string[] = []
  let next: string | undefined = `${folders}?limit=2&id=p*`
  while (next) {
    const page: FolderList = (await ask<FolderList>(next, {}, 'pat')).body
    ids.push(...page.folders.map(({ id }) => id))
    next = page.links.find(({ rel }) => rel === 'next')?.href
  }
  assert.deepEqual(ids, ['p3', 'p2', 'p1'])
})

it('counts what is in a folder against the quota, and no more what was taken out', async () => {
  const strict = (await files.start({ QUOTA_BYTES: '250000' })).url.replace(/files$/, 'folders')
  const fill = (path: string, seed: number) =>
    ask(`${strict}/${path}`, { method: 'PUT', body: someBytes(90_000, seed) }, 'kim')
  for (let seed = 0; seed < 5; seed++) assert.equal((await fill('q/a', seed)).status, 201)
  assert.equal((await fill('q/b', 5)).status, 201)
  const full = await fill('q/c', 6)
  assert.deepEqual([full.status, full.body.code], [413, 'QUOTA_EXCEEDED'])
  assert.equal((await ask(`${strict}/q`, { method: 'DELETE' }, 'kim')).status, 204)
  assert.equal((await fill('q/c', 6)).status, 201)
})

it('answers other methods with those that there are', async () => {
  const answer = await ask('/exp', { method: 'PATCH' })
  assert.deepEqual(
    [answer.status, answer.headers.get('allow')?.split(', ').toSorted()],
    [405, ['DELETE', 'GET', 'HEAD']],
  )
})
