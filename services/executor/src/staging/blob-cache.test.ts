import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { openBlobCache, type BlobCache } from './blob-cache.ts'

const root = mkdtempSync(join(tmpdir(), 'warren-cache-'))
after(() => rmSync(root, { recursive: true, force: true }))
const never = new AbortController().signal
let placed = 0

function blobOf(text: string) {
  return { sha256: createHash('sha256').update(text).digest('hex'), size: Buffer.byteLength(text) }
}

function nextPath(): string {
  return join(root, `placed-${placed++}`)
}

async function place(cache: BlobCache, text: string, fetch = async () => [Buffer.from(text)]): Promise<string> {
  const path = nextPath()
  await cache.place(blobOf(text), path, fetch, never)
  return path
}

function cached(dir: string): string[] {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map(({ parentPath, name }) => join(parentPath, name))
}

it('fetches a blob once for all who want it, also at once, and whoever shares the folder', async () => {
  const dir = join(root, 'once')
  let fetched = 0
  const fetch = async () => (fetched++, [Buffer.from('the same')])
  const cache = await openBlobCache(dir, 1_000)
  const paths = await Promise.all(Array.from({ length: 10 }, () => place(cache, 'the same', fetch)))
  assert.equal(fetched, 1)
  paths.push(await place(await openBlobCache(dir, 1_000), 'the same', fetch))
  assert.equal(fetched, 1)
  for (const path of paths) assert.equal(readFileSync(path, 'utf8'), 'the same')
  assert.deepEqual(cached(dir), [join(dir, blobOf('the same').sha256.slice(0, 2), blobOf('the same').sha256)])
})

it('gives a blob to whoever asks in the moment in which it comes', async () => {
  const cache = await openBlobCache(join(root, 'moment'), 1_000_000)
  const asked: Promise<string>[] = []
  for (let n = 0; n < 100; n++) {
    for (let turn = 0; turn < 20; turn++) {
      asked.push(place(cache, `blob ${n}`))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const texts = (await Promise.all(asked)).map((path) => readFileSync(path, 'utf8'))
  for (const [index, text] of texts.entries()) assert.equal(text, `blob ${Math.floor(index / 20)}`)
})

it('gives files of their own: what a process does to one, nobody else sees', async () => {
  const cache = await openBlobCache(join(root, 'own'), 1_000)
  const one = await place(cache, 'unchanged')
  assert.equal(statSync(one).nlink, 1)
  writeFileSync(one, 'changed!!', { flag: 'r+' })
  assert.equal(readFileSync(await place(cache, 'unchanged'), 'utf8'), 'unchanged')
})

it('keeps nothing of other bytes than those, and nothing of bytes that break off', async () => {
  const dir = join(root, 'other')
  const cache = await openBlobCache(dir, 1_000)
  await assert.rejects(
    place(cache, 'right', async () => [Buffer.from('wrong')]),
    { code: 'DIGEST_MISMATCH' },
  )
  await assert.rejects(
    place(cache, 'right', async () => [Buffer.from('righ')]),
    { code: 'DIGEST_MISMATCH' },
  )
  async function* broken() {
    yield Buffer.from('ri')
    throw new Error('cut')
  }
  await assert.rejects(
    cache.place(blobOf('right'), nextPath(), async () => broken(), never),
    { code: 'PEER_LOST' },
  )
  assert.deepEqual(cached(dir), [])
  await assert.rejects(
    cache.place(blobOf('right'), join(root, 'no', 'folder'), async () => [Buffer.from('right')], never),
    { code: 'ENOENT' },
  )
  rmSync(cached(dir)[0] as string)
  // one that a crash has cut
  await place(cache, 'right')
  truncateSync(cached(dir)[0] as string, 2)
  assert.equal(readFileSync(await place(cache, 'right'), 'utf8'), 'right')
})

it('lets the next one fetch what somebody was told to stop fetching', async () => {
  const cache = await openBlobCache(join(root, 'stopped'), 1_000)
  const begun = Promise.withResolvers<void>()
  const stop = new AbortController()
  const stuck = async () => {
    begun.resolve()
    await new Promise((_, reject) => stop.signal.addEventListener('abort', () => reject(new Error('stopped'))))
    return []
  }
  const first = assert.rejects(cache.place(blobOf('x'), nextPath(), stuck, stop.signal), /stopped/)
  await begun.promise
  const impatient = new AbortController()
  const second = assert.rejects(
    cache.place(blobOf('x'), nextPath(), async () => [Buffer.from('x')], impatient.signal),
    /impatient/,
  )
  impatient.abort(new Error('impatient'))
  await second
  const third = place(cache, 'x')
  stop.abort()
  await first
  assert.equal(readFileSync(await third, 'utf8'), 'x')
})

it('takes no more than it may, and forgets what was not used for the longest time', async () => {
  const dir = join(root, 'bounded')
  const cache = await openBlobCache(dir, 1_000)
  const textOf = (n: number) => String(n).repeat(100)
  for (let n = 0; n < 9; n++) {
    await place(cache, textOf(n))
    const { sha256 } = blobOf(textOf(n))
    utimesSync(join(dir, sha256.slice(0, 2), sha256), n, n)
  }
  await place(cache, textOf(0)) // used again
  for (const text of ['a'.repeat(150), 'b'.repeat(150)]) await place(cache, text)
  const sizes = cached(dir).map((path) => statSync(path).size)
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 1_100, String(sizes))
  let fetched = 0
  await place(cache, textOf(0), async () => (fetched++, [Buffer.from(textOf(0))]))
  assert.equal(fetched, 0)
  await place(cache, textOf(1), async () => (fetched++, [Buffer.from(textOf(1))]))
  assert.equal(fetched, 1)
  // a large one goes past it
  const before = cached(dir).length
  await place(cache, 'c'.repeat(251))
  assert.equal(cached(dir).length, before)
})
