import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { startS3 } from '../support/s3.ts'
import { loads, type Value } from './gemseo/python.ts'
import { jsonBody } from './gemseo/httpx.ts'
import { startSession } from './gemseo/session.ts'

// Files that go up with a run, and those that come down.

// other clients are sent to the store for each byte; this one follows no redirect
const s3 = await startS3()
const { discipline, httpx, tokenOf } = await startSession({ env: { ...s3.env, S3_REDIRECT_BYTES: '1' } })
const rootPath = mkdtempSync(join(tmpdir(), 'warren-gemseo-'))
after(() => rmSync(rootPath, { recursive: true, force: true }))

const shared = { x_shared: [2.0, 0.5] }
const y_1 = Math.sqrt(4 + 0.5 + 0 - 0.2)
const local = (path: string): string => readFileSync(join(rootPath, path), 'utf8')

it('an input goes up in chunks, the last of them empty, and the outputs come down', async () => {
  mkdirSync(join(rootPath, 'in'))
  // 24 bytes
  writeFileSync(join(rootPath, 'in/shared.json'), JSON.stringify(shared).padEnd(24))
  const made = await discipline('Sellar1File', {
    rootPath,
    chunkSize: 12,
    inputsToUpload: ['x_shared_file'],
    outputsToDownload: ['y_1_file'],
    filePathsToDownload: ['file0.txt', 'data', 'nothing.txt'],
  })
  const data = await made.execute({ x_shared_file: 'in/shared.json' })
  assert.equal(made.replies.filter(({ text }) => text.startsWith('"')).length, 2, 'two chunks, then the third is empty')
  assert.deepEqual(data['y_1'], [y_1])
  assert.equal(data['x_shared_file'], 'shared.json')
  assert.equal(data['y_1_file'], join(rootPath, '1/output_file.json'), 'the path is rewritten')
  assert.deepEqual(JSON.parse(local('1/output_file.json')), { y_1 })
  assert.equal(local('1/file0.txt'), `file0.txt: y_1 is ${y_1}\n`)
  assert.equal(local('1/data/sub_data/file2.txt'), `data/sub_data/file2.txt: y_1 is ${y_1}\n`)
  const { id } = loads(made.replies.find(({ text }) => text.includes('job_status'))?.text ?? '') as { id: bigint }
  const reply = await httpx('GET', `/v1/job/${id}/files/`, made.token)
  assert.deepEqual(loads(reply.text), {
    'shared.json': null,
    'output_file.json': null,
    'file0.txt': null,
    data: { 'file1.txt': null, sub_data: { 'file2.txt': null }, empty: {} },
  })
})

it('a file lies at the root of the folder of the job, under its name', async () => {
  writeFileSync(join(rootPath, 'measured.dat'), 'twelve bytes')
  const made = await discipline('Reader', {
    rootPath,
    filePathsToUpload: ['measured.dat'],
    outputsToDownload: ['made'],
    filePathsToDownload: ['measured.dat'],
  })
  const data = await made.execute({ name: 'measured.dat' })
  assert.deepEqual(data['size'], [12])
  assert.equal(local('1/out.txt'), 'out.txt: 12')
  assert.equal(local('1/measured.dat'), 'twelve bytes')
})

it('a "+" in a name, a range, an entity tag, and what is not there', async () => {
  const token = await tokenOf('ada')
  const run = await httpx('POST', '/v1/discipline/Reader/execute', token, jsonBody('{}'))
  const { id } = loads(run.text) as { id: bigint }
  const download = (name: string, more: string[] = []) =>
    httpx('GET', `/v1/job/${id}/files/download?filename=${name}`, token, undefined, more)
  const whole = await download('a+b.txt')
  assert.equal(whole.text, 'a+b.txt: 0')
  assert.match(whole.headers['content-disposition'] ?? '', /^attachment; filename="a\+b\.txt"/)
  assert.match(whole.headers['content-type'] ?? '', /^text\/plain/)
  assert.equal(whole.headers['content-length'], '10')
  const part = await download('a+b.txt', ['Range', 'bytes=0-2'])
  assert.deepEqual([part.status, part.text], [206, 'a+b'])
  const known = await download('a+b.txt', ['If-None-Match', whole.headers.etag ?? ''])
  assert.equal(known.status, 304)
  for (const name of ['nothing.txt', 'data', '../../etc/passwd', '/etc/passwd', 'data%2F..%2Fout.txt']) {
    const reply = await download(name)
    assert.deepEqual([reply.status, loads(reply.text)], [404, 'not found'], name)
  }
})

it('somebody else gets neither the tree nor a file, and cannot take a file as input', async () => {
  const token = await tokenOf('ada')
  const other = await tokenOf('bob')
  const run = await httpx('POST', '/v1/discipline/Reader/execute', token, jsonBody('{}'))
  const { id } = loads(run.text) as { id: bigint }
  for (const path of ['', '/download?filename=out.txt']) {
    const reply = await httpx('GET', `/v1/job/${id}/files${path}`, other)
    assert.equal(reply.status, 401)
    assert.equal(typeof loads(reply.text), 'string')
  }
  writeFileSync(join(rootPath, 'secret.txt'), 'secret')
  const made = await discipline('Reader', { rootPath, filePathsToUpload: ['secret.txt'] })
  await made.execute({ name: 'secret.txt' })
  const [file] = made.replies
    .filter(({ text }) => text.includes('unique_filename'))
    .map(({ text }) => loads(text) as Value[])
  const body = `{"input_data":{"name":"secret.txt"},"input_files":${JSON.stringify(file, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))}}`
  const taken = await httpx('POST', '/v1/discipline/Reader/execute', other, jsonBody(body))
  assert.equal(taken.status, 422, taken.text)
})

it('a file that was not sent is missed', async () => {
  const body = jsonBody('{"input_data":{"x_shared_file":"elsewhere.json"}}')
  const reply = await httpx('POST', '/v1/discipline/Sellar1File/execute', await tokenOf('ada'), body)
  assert.equal(reply.status, 422)
})

it('a chain of five disciplines hands a file on', async () => {
  let path = 'chain.txt'
  writeFileSync(join(rootPath, path), 'begin')
  for (let n = 1; n <= 5; n++) {
    const made = await discipline('Reader', {
      rootPath,
      inputsToUpload: ['name'],
      outputsToDownload: ['made'],
    })
    const data = await made.execute({ name: path })
    assert.deepEqual(data['size'], [[5, 10, 11, 11, 11][n - 1]])
    path = (data['made'] as string).slice(rootPath.length + 1)
  }
})

it('options reach the process, and its failure the client', async () => {
  const made = await discipline('Sellar1File', { disciplineOptions: { fail: 'It was told to.' } })
  await assert.rejects(made.execute(), /It was told to\./)
})
