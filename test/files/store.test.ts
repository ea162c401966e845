import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openFiles, put, sha256, someBytes } from '../support/files.ts'
import { eventually } from '../support/wait.ts'

const files = await openFiles()
const { url } = await files.start({ RETENTION_S: '1', SWEEP_S: '0.2' })

it('stores one blob of a hundred uploads of the same bytes at once, and removes it after the last of them', async () => {
  const bytes = someBytes(10_485_760)
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, at) => fetch(`${url}?name=${at}.bin`, { method: 'POST', body: bytes })),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
  const stored = await Promise.all(
    answers.map(async (answer) => (await answer.json()) as { id: string; sha256: string }),
  )
  assert.equal(new Set(stored.map(({ id }) => id)).size, 100)
  assert.deepEqual(files.blobs(), [sha256(bytes)])
  assert.deepEqual(files.spooled(), [])
  const [row] = await files.sql`select "references", size from files.blobs`
  assert.deepEqual({ ...row }, { references: 100, size: '10485760' })

  const [first, ...others] = stored.map(({ id }) => `${url}/${id}`)
  for (const one of others) assert.equal((await fetch(one, { method: 'DELETE' })).status, 204)
  await eventually('ninety-nine are forgotten', 10_000, async () => {
    const [row] = await files.sql`select "references" from files.blobs`
    return row?.['references'] === 1
  })
  const last = await fetch(first as string)
  assert.equal(sha256(new Uint8Array(await last.arrayBuffer())), sha256(bytes))
  await fetch(first as string, { method: 'DELETE' })
  await eventually('the blob is gone', 10_000, () => files.blobs().length === 0)
  await eventually('and its row', 10_000, async () => (await files.sql`select 1 from files.blobs`).length === 0)
})

it('refuses other bytes than declared, and keeps nothing of them', async () => {
  const before = files.blobs()
  const bytes = someBytes(300_000, 2)
  const wrong = Buffer.from(sha256('else'), 'hex').toString('base64')
  const declarations: Record<string, string>[] = [
    { 'Content-Digest': `sha-256=:${wrong}:` },
    { 'Content-Digest': `sha-512=:AAAA:, sha-256=:${wrong}:` },
    { 'Repr-Digest': `sha-256=:${wrong}:` },
    { Digest: `sha-256=${wrong}` },
  ]
  for (const headers of declarations) {
    const { status, code } = await put(url, 'a.bin', bytes, headers)
    assert.deepEqual([status, code], [422, 'DIGEST_MISMATCH'])
  }
  assert.equal((await put(url, `a.bin?sha256=${sha256('else')}`, bytes)).code, 'DIGEST_MISMATCH')
  assert.equal((await put(url, 'a.bin', bytes, { 'Content-Digest': 'sha-256=:AAAA:' })).code, 'BAD_INPUT')
  assert.deepEqual(files.blobs(), before)
  assert.deepEqual(files.spooled(), [])
  const right = Buffer.from(sha256(bytes), 'hex').toString('base64')
  const { status, file } = await put(url, 'a.bin', bytes, { 'Content-Digest': `sha-256=:${right}:` })
  assert.deepEqual([status, file.sha256, file.size], [201, sha256(bytes), 300_000])
})

it('needs no bytes that their owner has already, and gives none of them to others', async () => {
  const bytes = someBytes(50_000, 3)
  const mine = { 'warren-principal': 'ada' }
  const theirs = { 'warren-principal': 'bob' }
  const { file } = await put(url, 'first.bin', bytes, mine)
  const known = (headers: Record<string, string>) =>
    fetch(`${url}?sha256=${file.sha256}&name=second.bin`, { method: 'POST', headers })
  const found = await fetch(`${url}?sha256=${file.sha256}`, { method: 'HEAD', headers: mine })
  assert.match(found.headers.get('link') ?? '', new RegExp(`/files/${file.id}>; rel="item"`))
  const again = await known(mine)
  const second = (await again.json()) as typeof file
  assert.deepEqual([again.status, second.name, second.size], [201, 'second.bin', 50_000])
  assert.notEqual(second.id, file.id)

  assert.equal((await known(theirs)).status, 404)
  assert.equal(
    (await fetch(`${url}?sha256=${file.sha256}`, { method: 'HEAD', headers: theirs })).headers.get('link'),
    null,
  )
  for (const method of ['GET', 'DELETE']) {
    assert.equal((await fetch(`${url}/${file.id}`, { method, headers: theirs })).status, 404)
  }
  assert.equal(
    (await fetch(`${url}/${file.id}`, { headers: { ...theirs, 'warren-roles': 'user, admin' } })).status,
    200,
  )
})

it('makes one file of a request that is sent again', async () => {
  const bytes = someBytes(1_000, 4)
  const [one, two] = await Promise.all([put(url, 'same.bin', bytes), put(url, 'same.bin', bytes)])
  assert.deepEqual(new Set([one.status, two.status]), new Set([200, 201]))
  assert.equal(one.file.id, two.file.id)
  assert.notEqual((await put(url, 'same.bin', someBytes(1_000, 5))).file.id, one.file.id)

  const post = async (seed: number) => {
    const headers = { 'Idempotency-Key': 'k1' }
    const answer = await fetch(`${url}?name=k`, { method: 'POST', body: someBytes(10, seed), headers })
    return [answer.status, (await answer.json()) as { id?: string; code?: string } as Record<string, string>] as const
  }
  const [, { id }] = await post(6)
  assert.deepEqual((await post(6))[1]['id'], id)
  const [status, { code }] = await post(7)
  assert.deepEqual([status, code], [422, 'KEY_REUSED'])
})

it('lets a deleted file come back for a while, and a file expire', async () => {
  const { file } = await put(url, 'back.bin', someBytes(2_000, 8))
  await fetch(`${url}/${file.id}`, { method: 'DELETE' })
  assert.equal((await fetch(`${url}/${file.id}`)).status, 404)
  const restored = await fetch(`${url}/${file.id}/restoration`, { method: 'POST' })
  assert.equal(restored.status, 200)
  assert.equal((await fetch(`${url}/${file.id}`)).status, 200)

  const short = await put(url, 'short.bin?ttl=0.3', someBytes(3_000, 9))
  assert.ok(files.blobs().includes(sha256(someBytes(3_000, 9))))
  assert.equal(typeof short.file.expires, 'string')
  await eventually('it is over', 5_000, async () => (await fetch(`${url}/${short.file.id}`)).status === 404)
  await eventually('its bytes are gone', 10_000, () => !files.blobs().includes(short.file.sha256))
  const late = await fetch(`${url}/${short.file.id}/restoration`, { method: 'POST' })
  assert.equal(late.status, 404)
  assert.equal((await fetch(`${url}/${file.id}`)).status, 200)
})
