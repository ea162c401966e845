import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { FileDocument } from '@warren/contracts'
import { openFiles, sha256, someBytes } from '../support/files.ts'
import { eventually } from '../support/wait.ts'

const files = await openFiles()
const { url } = await files.start({ MAX_FILE_BYTES: '5000000' })

async function send(form: FormData, query = '') {
  const answer = await fetch(`${url}${query}`, { method: 'POST', body: form, headers: { connection: 'close' } })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
}

function formOf(...parts: [string, string | File][]): FormData {
  const form = new FormData()
  for (const [name, value] of parts) form.append(name, value)
  return form
}

it('takes the form of a browser, with one file or several', async () => {
  const bytes = someBytes(2_000_000)
  const one = await send(
    formOf(['about', 'a text'], ['file', new File([bytes], 'Größe "1".bin', { type: 'image/png' })]),
  )
  assert.equal(one.status, 201)
  assert.equal(one.headers.get('location'), `${url}/${one.body['id'] as string}`)
  assert.deepEqual(
    [one.body['name'], one.body['size'], one.body['sha256'], one.body['type']],
    ['Größe "1".bin', 2_000_000, sha256(bytes), 'image/png'],
  )
  const many = Array.from(
    { length: 20 },
    (_, at) => ['file', new File([someBytes(at * 7_000, at)], `${at}.txt`)] as [string, File],
  )
  const several = await send(formOf(...many))
  const kept = several.body['files'] as FileDocument[]
  assert.equal(several.status, 201)
  assert.deepEqual(
    kept.map(({ name, sha256 }) => [name, sha256]),
    many.map(([, { name }], at) => [name, sha256(someBytes(at * 7_000, at))]),
  )
})

it('keeps all files of a form or none', async () => {
  const before = files.blobs().toSorted()
  const good: [string, File] = ['file', new File([someBytes(1_000, 50)], 'good.bin')]
  const cases: [string, [string, string | File][]][] = [
    ['DIGEST_MISMATCH', [good, ['sha256', sha256('else')], ['file', new File(['x'], 'bad.bin')]]],
    ['TOO_LARGE', [good, ['file', new File([someBytes(5_000_001)], 'large.bin')], good]],
    ['BAD_INPUT', [good, ['file', new File(['x'], '..')]]],
    ['BAD_INPUT', [['text', 'no file']]],
  ]
  for (const [code, parts] of cases) {
    const { body } = await send(formOf(...parts))
    assert.equal(body['code'], code)
  }
  for (const [type, body] of [
    ['multipart/form-data; boundary=b', '--b\r\ncontent-disposition: form-data; name="f"; filename="a"\r\n\r\nabc'],
    ['multipart/form-data; boundary=b', 'nothing of the kind'],
    ['multipart/form-data; x=b', 'x'],
  ] as const) {
    const answer = await fetch(url, { method: 'POST', body, headers: { 'Content-Type': type } })
    assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [400, 'BAD_INPUT'])
  }
  assert.deepEqual(files.blobs().toSorted(), before)
  await eventually('nothing is on its way', 5_000, () => files.spooled().length === 0)

  const right = formOf(['sha256', sha256('x')], ['file', new File(['x'], 'x.txt')])
  assert.equal((await send(right)).status, 201)
  assert.equal((await send(formOf(['file', new File(['y'], 'y.txt')]), `?sha256=${sha256('y')}`)).status, 201)
})

it('keeps nothing of a form that breaks off', async () => {
  const before = files.blobs().length
  const stop = new AbortController()
  const head = '--b\r\ncontent-disposition: form-data; name="f"; filename="a"\r\n\r\n'
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode(head))
      controller.enqueue(someBytes(100_000))
    },
  })
  const headers = { 'Content-Type': 'multipart/form-data; boundary=b' }
  const answer = fetch(url, { method: 'POST', body, headers, signal: stop.signal, duplex: 'half' })
  await eventually('it has begun', 5_000, () => files.spooled().length === 1)
  stop.abort()
  await assert.rejects(answer)
  await eventually('nothing is left of it', 5_000, () => files.spooled().length === 0)
  assert.equal(files.blobs().length, before)
})
