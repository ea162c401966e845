import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import type { FolderDocument } from '@warren/contracts'
import { createHttp } from './support/http.ts'
import { jobsOf, openLedger, type Failure } from './support/jobs.ts'
import { startStack } from './support/stack.ts'
import { eventually } from './support/wait.ts'

interface Entry {
  readonly path: string
  readonly role: string
  readonly name?: string
  readonly sha256: string
  readonly href: string
}

let release = (): void => {}
const slow = createServer((_request, response) => void (release = () => response.end('slow bytes')))
await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
const slowUrl = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
const dir = mkdtempSync(join(tmpdir(), 'warren-folders-'))
const work = join(dir, 'work')
writeProcesses()
const stack = await startStack({
  processes: [join(dir, 'processes')],
  env: { FILES_DIR: join(dir, 'files'), CACHE_DIR: join(dir, 'cache'), WORK_DIR: work, REFERENCE_ORIGINS: slowUrl },
})
const http = await createHttp(stack.url)
const jobs = jobsOf(http)
after(async () => {
  await stack.close()
  slow.close()
  rmSync(dir, { recursive: true, force: true })
})

it('runs on a folder as on files of its own, and fetches nothing that it has had before', async () => {
  for (const path of ['main.py', 'data/a%20b.csv', 'data/deep/c.bin']) await store(`exp/${path}`, `this is ${path}`)
  const first = await run({ exp: { href: '/folders/exp' } })
  assert.deepEqual(
    first.files.map(({ path, role, name, sha256 }) => [path, role, name, sha256]),
    [
      ['inputs/exp/data/a b.csv', 'input', 'exp', digest('this is data/a%20b.csv')],
      ['inputs/exp/data/deep/c.bin', 'input', 'exp', digest('this is data/deep/c.bin')],
      ['inputs/exp/main.py', 'input', 'exp', digest('this is main.py')],
    ],
  )
  assert.deepEqual(first.seen, {
    'main.py': 'this is main.py',
    'data/a b.csv': 'this is data/a%20b.csv',
    'data/deep/c.bin': 'this is data/deep/c.bin',
  })
  const read = await http(first.files[2]?.href ?? '')
  assert.equal(read.text, 'this is main.py')

  // a copy of which one file was changed; of the others the bytes could not be had any more
  assert.equal((await http('/folders', { method: 'POST', json: { id: 'copy', from: 'exp' } })).status, 201)
  for (const blob of blobs()) rmSync(blob)
  await store('copy/main.py', 'changed')
  const second = await run({ exp: { href: `${stack.url}/folders/copy` } })
  assert.deepEqual(second.seen, { ...first.seen, 'main.py': 'changed' })
  // nor is a single file fetched again
  const known = (await folder('copy')).entries.find(({ path }) => path === 'data/deep/c.bin')
  assert.deepEqual((await run({ one: { href: `/files/${known?.fileId}` } })).seen, { one: 'this is data/deep/c.bin' })
})

it('keeps what is new or changed below an input, and nothing that is as it came; and the log as a file', async () => {
  for (const name of ['same', 'touched', 'changed', 'removed']) await store(`kept/${name}.txt`, name)
  const { id, files } = await run({ exp: { href: '/folders/kept' }, work: true }, { warren: { keepFiles: true } })
  assert.deepEqual(
    files.filter(({ role }) => role !== 'input').map(({ path, role }) => [path, role]),
    [
      ['2-job.log', 'log'],
      ['inputs/exp/changed.txt', 'kept'],
      ['inputs/exp/new/one.txt', 'kept'],
      ['job.log', 'kept'],
    ],
  )
  const log = files.find(({ role }) => role === 'log')
  const text = (await http(log?.href ?? '')).text
  assert.equal(text, 'line one\nline two\n')
  assert.equal(text, (await http(`/jobs/${id}/logs`)).text)
  // the folder, and so every other job on it, has what it had
  assert.equal((await http('/folders/kept/changed.txt')).text, 'changed')
  assert.equal((await run({ exp: { href: '/folders/kept' } })).seen['changed.txt'], 'changed')
})

it('runs on the folder as it was when the job was accepted', async () => {
  await store('moving/a.txt', 'before')
  const id = await jobs.submit('tree', { exp: { href: '/folders/moving' } }, { warren: { start: false } })
  await store('moving/a.txt', 'after')
  await store('moving/b.txt', 'new')
  await http(`/jobs/${id}/control`, { method: 'POST', json: { action: 'start' } })
  assert.equal((await jobs.end(id)).status, 'successful')
  assert.deepEqual(await seenBy(id), { 'a.txt': 'before' })
  const provenance = (await http(`/jobs/${id}/prov`)).text
  for (const part of ['/folders/moving', digest(`${digest('before')}  a.txt\n`)]) assert.ok(provenance.includes(part))
})

it('refuses a folder that is not there, is somewhere else, or is none', async () => {
  for (const href of ['/folders/nothing', 'http://127.0.0.1:9/x', '/files/000000000000000000000', '/folders/../x']) {
    const answer = await jobs.run('tree', { exp: { href } })
    const { code, errors } = answer.json<Failure>()
    assert.deepEqual([answer.status, code, errors?.[0]?.pointer], [400, 'BAD_INPUT', '/inputs/exp/href'], href)
  }
  for (const exp of ['text', { no: 'href' }, 5]) assert.equal((await jobs.run('tree', { exp })).status, 400)
  const entries = [{ path: '../../escape', fileId: '0'.repeat(21), size: 1, sha256: 'a'.repeat(64), type: 'x' }]
  const forged = await jobs.run('tree', { exp: { value: { href: '/folders/exp', entries } } })
  assert.deepEqual([forged.status, forged.json<Failure>().code], [400, 'BAD_INPUT'])
})

it('says that it fetches files, and that it stores them, as long as it does', async () => {
  const { id: fileId } = (await http('/files?name=x.txt', { method: 'POST', body: Buffer.from('x') })).json<{
    id: string
  }>()
  const id = await jobs.submit('tree', { one: { href: `/files/${fileId}` } }, { warren: { start: false } })
  const attached = { start: false, files: [{ href: `/files/${fileId}`, name: 'x.txt' }] }
  const plain = await jobs.submit('plain', {}, { warren: attached })
  await stack.signal('files', 'SIGKILL')
  for (const job of [id, plain]) {
    await http(`/jobs/${job}/control`, { method: 'POST', json: { action: 'start' } })
    await eventually('it is fetching', 20_000, async () => (await stateOf(job)) === 'accepted staging')
  }
  const storing = await jobs.submit('tree', { work: true }, { warren: { keepFiles: true } })
  await eventually('it is storing', 20_000, async () => (await stateOf(storing)) === 'running storing')
  stack.start('files')
  for (const job of [id, plain, storing]) assert.equal((await jobs.end(job, 60_000)).status, 'successful')
  const begin = ['jobCreated created', 'jobAccepted queued']
  const fetched = ['jobClaimed staging', 'jobStarted running', 'jobSuccessful successful']
  for (const job of [id, plain]) assert.deepEqual(await eventsOf(job), [...begin, ...fetched])
})

it('says so of a synchronous run, too', async () => {
  const answer = jobs.run('tree', { one: { href: `${slowUrl}/x` } })
  const list = async () => (await http('/jobs?status=accepted')).json<{ jobs: { jobID: string }[] }>().jobs
  await eventually('it is fetching', 20_000, async () => (await list()).length === 1)
  const { jobID } = (await list())[0] as { jobID: string }
  assert.equal(await stateOf(jobID), 'accepted staging')
  release()
  assert.deepEqual((await answer).json(), { seen: { value: { one: 'slow bytes' } } })
  assert.deepEqual(await eventsOf(jobID), ['jobClaimed staging', 'jobStarted running', 'jobSuccessful successful'])
})

it('leaves nothing of a folder that cannot be brought', async () => {
  for (let n = 0; n < 30; n++) await store(`gone/${n}.txt`, `gone ${n}`)
  const id = await jobs.submit('tree', { exp: { href: '/folders/gone' } }, { warren: { start: false } })
  const { sql, close } = openLedger(stack.databaseUrl)
  await sql`update files.files set owner = 'somebody else' where name in ('7.txt', '8.txt')`
  await close()
  await http(`/jobs/${id}/control`, { method: 'POST', json: { action: 'start' } })
  const { status, exception } = await jobs.end(id)
  assert.deepEqual([status, exception?.code], ['failed', 'NO_SUCH_FILE'])
  assert.deepEqual(
    readdirSync(work).filter((name) => name.startsWith('job-')),
    [],
  )
})

it('has folders at the gateway as its document says', async () => {
  await store('described/a.txt', 'a')
  const made = await http('/folders', { method: 'POST', json: { id: 'described-2', from: 'described' } })
  assert.equal(made.headers.get('location'), `${stack.url}/folders/described-2`)
  const { folders } = (await http('/folders?id=described*')).json<{ folders: { id: string; files: number }[] }>()
  assert.deepEqual(
    folders.map(({ id, files }) => [id, files]),
    [
      ['described-2', 1],
      ['described', 1],
    ],
  )
  const [entry] = (await folder('described')).entries
  assert.deepEqual([(await http(entry?.href ?? '')).text, (await folder('described-2')).files], ['a', 1])
  assert.equal((await http(entry?.href ?? '', { method: 'DELETE' })).status, 204)
  assert.equal((await http(entry?.href ?? '')).json<Failure>().code, 'NO_SUCH_FILE')
  assert.equal((await http('/folders/described', { method: 'DELETE' })).status, 204)
  assert.equal((await http('/folders/described')).json<Failure>().code, 'NO_SUCH_FOLDER')
  assert.equal((await http('/folders/described-2/a.txt')).text, 'a')
  assert.equal((await http('/folders', { method: 'POST', json: { id: '../x' } })).status, 400)
})

it('can be stopped while it fetches', async () => {
  const { id: fileId } = (await http('/files?name=y.txt', { method: 'POST', body: Buffer.from('y') })).json<{
    id: string
  }>()
  const id = await jobs.submit('tree', { one: { href: `/files/${fileId}` } }, { warren: { start: false } })
  await stack.signal('files', 'SIGKILL')
  await http(`/jobs/${id}/control`, { method: 'POST', json: { action: 'start' } })
  await eventually('it is fetching', 20_000, async () => (await http(`/jobs/${id}`)).text.includes('"staging"'))
  assert.equal((await http(`/jobs/${id}`, { method: 'DELETE' })).status, 200)
  assert.equal((await jobs.end(id)).status, 'dismissed')
  stack.start('files')
})

async function stateOf(id: string): Promise<string> {
  const { status, warren } = (await http(`/jobs/${id}`)).json<{ status: string; warren: { state: string } }>()
  return `${status} ${warren.state}`
}

async function eventsOf(id: string): Promise<string[]> {
  const answer = await http(`/jobs/${id}/events`, { headers: { accept: 'application/json' } })
  const { events } = answer.json<{ events: { type: string; data: { state: string } }[] }>()
  return events.map(({ type, data }) => `${type.split('.').at(-1)} ${data.state}`)
}

async function store(path: string, body: string): Promise<void> {
  const { status, text } = await http(`/folders/${path}`, { method: 'PUT', body: Buffer.from(body) })
  assert.equal(status, 201, text)
}

async function folder(id: string): Promise<FolderDocument> {
  return (await http(`/folders/${id}`)).json<FolderDocument>()
}

async function run(inputs: object, request: object = {}) {
  const id = await jobs.submit('tree', inputs, request)
  const ended = await jobs.end(id)
  assert.equal(ended.status, 'successful', JSON.stringify(ended))
  const { files } = (await http(`/jobs/${id}/files`)).json<{ files: readonly Entry[] }>()
  return { id, files, seen: await seenBy(id) }
}

async function seenBy(id: string): Promise<Record<string, string>> {
  return (await http(`/jobs/${id}/results`)).json<{ seen: { value: Record<string, string> } }>().seen.value
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function blobs(): string[] {
  const files = readdirSync(join(dir, 'files'), { recursive: true, withFileTypes: true })
  return files.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

/** A process that says what it finds, and changes some of it when it is told to; and one that has to do with no file. */
function writeProcesses(): void {
  const plain = join(dir, 'processes', 'plain')
  mkdirSync(plain, { recursive: true })
  writeFileSync(
    join(plain, 'process.mjs'),
    `export default {
  id: 'plain', version: '1.0.0', title: 'Plain', description: '', inputs: {},
  outputs: { done: { schema: { type: 'boolean' } } }, run: () => ({ done: true }),
}
`,
  )
  const folder = join(dir, 'processes', 'tree')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'process.mjs'),
    `
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
const optional = (schema) => ({ schema, minOccurs: 0 })
export default {
  id: 'tree', version: '1.0.0', title: 'Tree', description: '',
  inputs: {
    exp: optional({ type: 'string', format: 'folder' }),
    one: optional({ type: 'string', format: 'file' }),
    work: { schema: { type: 'boolean', default: false } },
  },
  outputs: { seen: { schema: { type: 'object' } } },
  run({ exp, one, work }, { workdir }) {
    const entries = exp ? readdirSync(exp, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()) : []
    const paths = entries.map(({ parentPath, name }) => join(parentPath, name))
    const seen = Object.fromEntries(paths.map((path) => [relative(exp, path), readFileSync(path, 'utf8')]))
    if (one) seen.one = readFileSync(one, 'utf8')
    if (work) {
      console.log('line one')
      console.log('line two')
      writeFileSync(join(workdir, 'job.log'), 'its own')
    }
    if (work && exp) {
      utimesSync(join(exp, 'touched.txt'), 1, 1)
      appendFileSync(join(exp, 'changed.txt'), ' now')
      rmSync(join(exp, 'removed.txt'))
      mkdirSync(join(exp, 'new'))
      writeFileSync(join(exp, 'new/one.txt'), 'new')
    }
    return { seen }
  },
}
`,
  )
}
