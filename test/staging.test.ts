import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { FileDocument } from '@warren/contracts'
import { createHttp } from './support/http.ts'
import { jobsOf, openLedger, type Failure } from './support/jobs.ts'
import { startStack } from './support/stack.ts'
import { eventually } from './support/wait.ts'

interface Entry {
  readonly path: string
  readonly role: 'input' | 'output' | 'kept'
  readonly name?: string
  readonly size: number
  readonly sha256: string
  readonly type: string
  readonly href: string
}

const run = promisify(execFile)
const series = readFileSync(new URL('node_modules/vega-datasets/data/co2-concentration.csv', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'warren-staging-'))
const work = join(dir, 'work')
const origin = createServer((request, response) => {
  if (request.url === '/series/co2.csv') return response.setHeader('content-type', 'text/csv').end(series)
  return response.writeHead(404).end()
})
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
writeFolders()
const stack = await startStack({
  processes: [fileURLToPath(new URL('../processes', import.meta.url)), join(dir, 'processes')],
  env: { FILES_DIR: join(dir, 'files'), WORK_DIR: work, REFERENCE_ORIGINS: originUrl, MAX_INPUT_BYTES: '2000000' },
})
const http = await createHttp(stack.url)
const jobs = jobsOf(http)
after(async () => {
  await stack.close()
  origin.close()
  rmSync(dir, { recursive: true, force: true })
})

it('takes an uploaded CSV by reference and gives a file to plot', async () => {
  const uploaded = await upload('co2.csv', series)
  for (const href of [`${stack.url}/files/${uploaded.id}`, `/files/${uploaded.id}`, `file:${uploaded.id}`]) {
    const answer = await jobs.run('co2-trend', { csv: { href, type: 'text/csv' } })
    assert.equal(answer.status, 200, answer.text)
    const { table, n } = answer.json<{ table: { href: string; type: string; title: string }; n: number }>()
    assert.deepEqual([n, table.type, table.title], [741, 'text/csv', 'fitted.csv'])
    assert.ok(table.href.startsWith(`${stack.url}/files/`), table.href)
    const plot = await http(table.href)
    assert.match(plot.type, /^text\/csv/)
    const lines = plot.text.trim().split(/\r?\n/)
    assert.deepEqual([lines.length, lines[0]], [742, 'year,co2,fitted,trend'])
  }
  const id = await jobs.submit('co2-trend', {})
  assert.equal((await jobs.end(id)).status, 'successful')
  const { table } = (await http(`/jobs/${id}/results`)).json<{ table: { href: string } }>()
  const one = await http(`/jobs/${id}/results/table`)
  assert.deepEqual([one.status, one.headers.get('location')], [307, table.href])
  const [file, ...others] = await filesOf(id)
  assert.deepEqual([others.length, file?.role, file?.path, file?.name], [0, 'output', 'fitted.csv', 'table'])
  const read = await http(file?.href ?? '')
  assert.deepEqual([sha256(read.text), read.text.length], [file?.sha256, file?.size])
  const part = await http(file?.href ?? '', { headers: { range: 'bytes=0-3' } })
  assert.deepEqual([part.status, part.text], [206, 'year'])
  assert.equal((await http(`/jobs/${id}/files/nothing.csv`)).status, 404)
})

it('brings files into the working directory under safe and unique names', async () => {
  const one = await upload('words.txt', 'one two\n')
  const two = await upload('words.txt', 'three\n')
  const counted = await jobs.run('word-count', { file: { href: `/files/${one.id}` } })
  assert.deepEqual(counted.json(), { lines: 1, words: 2, bytes: 8 })
  const both = await jobs.run('word-count', { text: 'zero ', file: { href: `/files/${two.id}` } })
  assert.deepEqual(both.json(), { lines: 1, words: 2, bytes: 11 })
  assert.deepEqual((await jobs.run('word-count', { file: 'as it is' })).json(), { lines: 0, words: 3, bytes: 8 })

  const links = [one, two].map(({ id }) => ({ href: `/files/${id}` }))
  const id = await jobs.submit('stager', { many: [...links, { href: `${originUrl}/series/co2.csv` }] })
  assert.equal((await jobs.end(id)).status, 'successful', (await http(`/jobs/${id}/results`)).text)
  const { sql, close } = openLedger(stack.databaseUrl)
  const [stored] = await sql<{ many: { href: string; sha256?: string; size?: number }[] }[]>`
select request -> 'inputs' -> 'many' as many from executor.jobs where id = ${id}`
  await close()
  assert.deepEqual(
    stored?.many.map(({ href, sha256, size }) => [href, sha256, size]),
    [
      [`/files/${one.id}`, one.sha256, 8],
      [`/files/${two.id}`, two.sha256, 6],
      [`${originUrl}/series/co2.csv`, undefined, undefined],
    ],
  )
  const { names } = (await http(`/jobs/${id}/results`)).json<{ names: string[] }>()
  assert.deepEqual(names, ['words.txt', '2-words.txt', 'co2.csv'])
  const files = await filesOf(id)
  assert.deepEqual(
    files.map(({ path, role, sha256 }) => [path, role, sha256]),
    [
      ['inputs/2-words.txt', 'input', sha256('three\n')],
      ['inputs/co2.csv', 'input', sha256(series)],
      ['inputs/words.txt', 'input', sha256('one two\n')],
      ['sub/all.txt', 'output', files[3]?.sha256],
    ],
  )
  const elsewhere = await fetch(files[1]?.href ?? '', { redirect: 'manual' })
  assert.deepEqual([elsewhere.status, elsewhere.headers.get('location')], [307, `${originUrl}/series/co2.csv`])
  const nested = await fetch(files[3]?.href ?? '')
  assert.equal(sha256(Buffer.from(await nested.arrayBuffer())), files[3]?.sha256)
  await eventually(
    'no directory is left',
    5_000,
    async () => !readdirSync(work).some((name) => name.startsWith('job-')),
  )
})

it('keeps every new or changed file when the request says so, and gives all of them as an archive', async () => {
  const { id: fileId } = await upload('words.txt', 'one two\n')
  const many = [{ href: `/files/${fileId}` }]
  const id = await jobs.submit('stager', { many, extra: 3 }, { warren: { keepFiles: true } })
  assert.equal((await jobs.end(id)).status, 'successful')
  const kept = (await filesOf(id)).filter(({ role }) => role === 'kept')
  assert.deepEqual(
    kept.map(({ path }) => path),
    ['extra-0.txt', 'extra-1.txt', 'extra-2.txt'],
  )
  const path = join(dir, 'all.zip')
  for (const target of ['files.zip', 'files?format=zip']) {
    const answer = await fetch(`${stack.url}/jobs/${id}/${target}`)
    const bytes = Buffer.from(await answer.arrayBuffer())
    assert.deepEqual(
      [answer.headers.get('content-type'), answer.headers.get('content-length')],
      ['application/zip', String(bytes.length)],
    )
    writeFileSync(path, bytes)
    const script = 'import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;print(*z.namelist())'
    const { stdout } = await run('python3', ['-c', script, path])
    assert.equal(stdout.trim(), 'extra-0.txt extra-1.txt extra-2.txt inputs/words.txt sub/all.txt')
  }
})

it('stores large outputs, also when their bytes are there already', async () => {
  const inputs = { extra: 1, bytes: 3_000_000 }
  const hrefs = new Set<string>()
  for (let n = 0; n < 2; n++) {
    const id = await jobs.submit('stager', inputs, { warren: { keepFiles: true } })
    assert.equal((await jobs.end(id)).status, 'successful')
    const [extra] = await filesOf(id)
    const bytes = Buffer.from(await (await fetch(extra?.href ?? '')).arrayBuffer())
    assert.deepEqual([bytes.length, sha256(bytes)], [3_000_000, extra?.sha256])
    hrefs.add(extra?.href ?? '')
  }
  assert.equal(hrefs.size, 2)
})

it('refuses what is not there, too large, or outside', async () => {
  const { id } = await upload('large.bin', Buffer.alloc(2_500_000))
  const missing = { href: '/files/000000000000000000000' }
  for (const prefer of ['respond-async', 'wait=0']) {
    const execute = (process: string, inputs: object) =>
      http(`/processes/${process}/execution`, { method: 'POST', json: { inputs }, headers: { prefer } })
    for (const [process, input] of [
      ['word-count', 'file'],
      ['word-count', 'text'],
      ['co2-trend', 'csv'],
    ] as const) {
      const answer = await execute(process, { [input]: missing })
      const { code, errors } = answer.json<Failure>()
      assert.deepEqual([answer.status, code, errors?.[0]?.pointer], [400, 'BAD_INPUT', `/inputs/${input}/href`])
      const large = await execute(process, { [input]: { href: `/files/${id}` } })
      assert.deepEqual([large.status, large.json<Failure>().code], [413, 'TOO_LARGE'])
    }
    const foreign = await execute('word-count', { file: { href: 'http://127.0.0.1:9/x' } })
    assert.deepEqual([foreign.status, foreign.json<Failure>().code], [400, 'BAD_INPUT'])
  }
  for (const path of ['../../escape', '/etc/hostname', 'link', 'nothing', 'sub']) {
    const ended = await jobs.end(await jobs.submit('stager', { give: path }))
    assert.deepEqual([ended.status, ended.exception?.code], ['failed', 'BAD_RESULT'], path)
  }
})

it('hands out no file of somebody else', async () => {
  const { id } = await upload('mine.txt', 'mine')
  const { sql, close } = openLedger(stack.databaseUrl)
  await sql`update files.files set owner = 'somebody else' where id = ${id}`
  await close()
  const answer = await jobs.run('word-count', { file: { href: `/files/${id}` } })
  assert.deepEqual([answer.status, answer.json<Failure>().errors?.[0]?.pointer], [400, '/inputs/file/href'])
})

it('keeps partial files and the log of a run that fails, and of one that is stopped', async () => {
  const failing = await jobs.submit('heat', { steps: 10_000_000 }, { warren: { timeoutMs: 3_000 } })
  const stopped = await jobs.submit('heat', { steps: 10_000_000 })
  await eventually('some steps', 20_000, async () => (await http(`/jobs/${stopped}/logs`)).text.includes('points'))
  assert.equal((await http(`/jobs/${stopped}`, { method: 'DELETE' })).status, 200)
  assert.equal((await jobs.end(stopped)).status, 'dismissed')
  const failed = await jobs.end(failing)
  assert.deepEqual([failed.status, failed.exception?.code], ['failed', 'TIMEOUT'])
  for (const id of [failing, stopped]) {
    const files = await filesOf(id)
    assert.deepEqual(
      files.map(({ path, role }) => [path, role]),
      [
        ['job.log', 'log'],
        ['profile.csv', 'kept'],
      ],
    )
    const lines = (await http(files[1]?.href ?? '')).text.trim().split('\n')
    assert.deepEqual([lines[0], lines.length], ['x,u', 402])
    const log = (await http(`/jobs/${id}/logs`)).text
    assert.match(log, /^401 points/)
    assert.equal((await http(files[0]?.href ?? '')).text, log)
  }
})

it('waits for a files service that is down', async () => {
  const id = await jobs.submit('co2-trend', {}, { outputs: { table: {} } })
  await stack.signal('files', 'SIGKILL')
  const late = await jobs.submit('stager', { extra: 1 }, { warren: { keepFiles: true } })
  await eventually('it has run', 20_000, async () => (await http(`/jobs/${late}`)).text.includes('"state":"storing"'))
  assert.equal((await jobs.status(late)).status, 'running')
  stack.start('files')
  for (const job of [id, late]) assert.equal((await jobs.end(job, 60_000)).status, 'successful')
  assert.deepEqual(
    (await filesOf(late)).map(({ path }) => path),
    ['extra-0.txt', 'sub/all.txt'],
  )
  const rows = await http(`/files?name=extra-0.txt`)
  assert.equal(
    new Set(rows.json<{ files: FileDocument[] }>().files.map(({ id }) => id)).size,
    4,
    'none is stored twice',
  )
})

async function upload(name: string, body: Uint8Array | string): Promise<FileDocument> {
  const answer = await http(`/files?name=${name}`, { method: 'POST', body: Buffer.from(body) })
  assert.equal(answer.status, 201, answer.text)
  return answer.json<FileDocument>()
}

async function filesOf(id: string): Promise<readonly Entry[]> {
  return (await http(`/jobs/${id}/files`)).json<{ files: Entry[] }>().files
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A process that takes many files and gives one, or a path of which it is told. */
function writeFolders(): void {
  const folder = join(dir, 'processes', 'stager')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'process.mjs'),
    `
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
const file = { type: 'string', format: 'file' }
export default {
  id: 'stager', version: '1.0.0', title: 'Stager', description: '',
  inputs: {
    many: { schema: file, minOccurs: 0, maxOccurs: 'unbounded' },
    bytes: { schema: { type: 'integer', default: 7 } },
    extra: { schema: { type: 'integer', default: 0 } },
    give: { schema: { type: 'string', default: 'sub/all.txt' } },
  },
  outputs: { names: { schema: { type: 'array', items: { type: 'string' } } }, all: { schema: file } },
  run({ many = [], extra, bytes, give }, { workdir }) {
    mkdirSync(join(workdir, 'sub'))
    symlinkSync('/etc/hostname', join(workdir, 'link'))
    writeFileSync(join(workdir, 'sub/all.txt'), many.map((path) => readFileSync(path)).join(''))
    for (let n = 0; n < extra; n++) writeFileSync(join(workdir, 'extra-' + n + '.txt'), 'e'.repeat(bytes))
    return { names: many.map((path) => basename(path)), all: give }
  },
}
`,
  )
}
