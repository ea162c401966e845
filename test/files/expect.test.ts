import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import type { FileDocument } from '@warren/contracts'
import { openWire } from '../stream/support/wire.ts'
import { sha256, someBytes } from '../support/files.ts'
import { startStack } from '../support/stack.ts'
import { eventually } from '../support/wait.ts'

// What is refused is refused before its bytes flow, to a client that waits to be told (RFC 9110, section 10.1.1).

const dir = mkdtempSync(join(tmpdir(), 'warren-files-'))
const stack = await startStack({ env: { FILES_DIR: dir, MAX_FILE_BYTES: '3000000', QUOTA_BYTES: '5000000' } })
const port = Number(new URL(stack.url).port)
const url = `${stack.url}/files`
after(async () => {
  await stack.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Opens a connection with a head that announces a body. */
function announce(line: string, ...fields: string[]) {
  return openWire(port, [`${line} HTTP/1.1`, 'Host: localhost', 'Expect: 100-continue', ...fields, '', ''].join('\r\n'))
}

/** The status that comes first, and the code in the answer. */
async function answerTo(line: string, ...fields: string[]): Promise<[number, string | undefined]> {
  const wire = announce(line, ...fields)
  await eventually('it is answered', 5_000, () => wire.received().includes('\r\n\r\n{'))
  await eventually('the connection is not used for what might come', 5_000, () => wire.ended() !== undefined)
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(wire.received()) ?? []
  return [Number(status), /"code":"(\w+)"/.exec(wire.received())?.[1]]
}

async function curl(args: readonly string[], input?: Uint8Array): Promise<string> {
  return await new Promise((resolve, reject) => {
    const child = execFile('curl', ['-sS', '--expect100-timeout', '30', ...args], (error, stdout) => {
      if (error) reject(error)
      else resolve(stdout)
    })
    child.stdin?.on('error', () => {}) // curl may end before it has read all
    child.stdin?.end(input)
  })
}

it('asks for a body that it will take', async () => {
  const wire = announce('PUT /files/a.txt', 'Content-Length: 5')
  await eventually('it is asked for', 5_000, () => wire.received() === 'HTTP/1.1 100 Continue\r\n\r\n')
  wire.send('hello')
  await eventually('it is stored', 5_000, () => wire.received().includes(sha256('hello')))
  wire.destroy()
})

it('refuses what is too large, has no room or is malformed, and asks for nothing', async () => {
  const tus = 'Tus-Resumable: 1.0.0'
  const form = 'Content-Type: multipart/form-data; boundary=b'
  assert.deepEqual(await answerTo('PUT /files/a.bin', 'Content-Length: 3000001'), [413, 'TOO_LARGE'])
  assert.deepEqual(await answerTo('POST /files', form, 'Content-Length: 5000000'), [413, 'TOO_LARGE'])
  assert.deepEqual(await answerTo('POST /files/uploads', tus, 'Upload-Length: 3000001', 'Content-Length: 9'), [
    413,
    'TOO_LARGE',
  ])
  const digest = 'Content-Digest: sha-256=:AAAA:'
  assert.deepEqual(await answerTo('PUT /files/a.bin', digest, 'Content-Length: 5'), [400, 'BAD_INPUT'])
  assert.deepEqual(await answerTo('PATCH /files/uploads/none', tus, 'Content-Length: 5'), [
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ])

  const stored = await fetch(`${url}/2.bin`, { method: 'PUT', body: someBytes(2_999_990, 2) })
  const { sha256: known } = (await stored.json()) as FileDocument
  assert.deepEqual(await answerTo('PUT /files/3.bin', 'Content-Length: 2500000'), [413, 'QUOTA_EXCEEDED'])
  const field = `Content-Digest: sha-256=:${Buffer.from(known, 'hex').toString('base64')}:`
  const [status] = await answerTo('PUT /files/2.bin', field, 'Content-Length: 2999990')
  assert.equal(status, 200, 'nor for what is here already')
})

it('tells curl before it sends', async () => {
  const [large, small] = [join(dir, 'large.bin'), join(dir, 'small.bin')]
  writeFileSync(large, someBytes(4_500_000, 3))
  writeFileSync(small, someBytes(1_500_000, 4))
  const told = ['-w', '%{http_code} %{size_upload}', '-o', '/dev/null', '-H', 'Expect: 100-continue']
  assert.equal(await curl([...told, '-T', large, `${url}/`]), '413 0')
  assert.equal(await curl([...told, '-F', `file=@${large}`, url]), '413 0')
  const file = JSON.parse(await curl(['-f', '-H', 'Expect: 100-continue', '-T', small, `${url}/`])) as FileDocument
  assert.deepEqual([file.name, file.sha256], ['small.bin', sha256(readFileSync(small))])
  await fetch(`${url}/${file.id}`, { method: 'DELETE' })
})

it('takes what curl reads from a pipe, and a form of it', async () => {
  const bytes = someBytes(200_000, 5)
  const piped = JSON.parse(await curl(['-f', '-T', '-', `${url}/piped.bin`], bytes)) as FileDocument
  assert.deepEqual([piped.name, piped.sha256], ['piped.bin', sha256(bytes)])
  const form = JSON.parse(await curl(['-f', '-F', 'file=@-;filename=form.bin', url], bytes)) as FileDocument
  assert.deepEqual([form.name, form.sha256], ['form.bin', sha256(bytes)])
  const part = join(dir, 'part.bin')
  await curl(['-f', '--range', '1000-1999', '-o', part, `${url}/${piped.id}`])
  assert.deepEqual(new Uint8Array(readFileSync(part)), bytes.subarray(1_000, 2_000))
  assert.match(await curl(['-w', '%{http_code}', '-T', '-', `${url}/endless.bin`], someBytes(4_000_000, 6)), /413$/)
})
