import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createHttp, type Http } from './support/http.ts'
import { jobsOf, openLedger, type Jobs, type Ledger } from './support/jobs.ts'
import { startStack, type Stack } from './support/stack.ts'
import { eventually, isAlive } from './support/wait.ts'

// What becomes of a job, on an executor with a single slot.

const here = import.meta.dirname
const folder = mkdtempSync(join(tmpdir(), 'warren-test-'))
const dropped = join(folder, 'processes')
let stack: Stack
let http: Http
let jobs: Jobs
let ledger: Ledger

before(async () => {
  mkdirSync(dropped)
  stack = await startStack({ processes: [join(here, '../processes'), join(here, 'processes'), dropped], slots: 1 })
  http = await createHttp(stack.url)
  jobs = jobsOf(http)
  ledger = openLedger(stack.databaseUrl)
})

after(async () => {
  await ledger?.close()
  await stack?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('results', () => {
  const numbers = '{"one":1.0,"large":12345678901234567890,"tenth":0.1,"given":3.0}'

  it('numbers come through as the process printed them', async () => {
    const waited = await jobs.run('numbers', { given: 3 })
    assert.equal(waited.text.replaceAll(/\s/g, ''), numbers)
    const id = await jobs.submit('numbers', { given: 3 })
    await jobs.end(id)
    assert.equal((await http(`/jobs/${id}/results`)).text.replaceAll(/\s/g, ''), numbers)
    const [row] = await ledger.sql<{ text: string }[]>`select results::text as text from executor.jobs where id = ${id}`
    assert.equal(row?.text.replaceAll(/\s/g, ''), numbers)
    const patient = await http('/processes/numbers/execution', {
      method: 'POST',
      json: { inputs: { given: 3 } },
      headers: { prefer: 'respond-async, wait=20' },
    })
    assert.equal(patient.status, 200, patient.text)
    assert.equal(patient.text.replaceAll(/\s/g, ''), numbers)
  })

  it('numbers come in as the client wrote them', async () => {
    const answer = await http('/processes/numbers/execution', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"inputs":{"given":1e-7}}',
    })
    assert.equal(answer.json<{ given: number }>().given, 1e-7)
  })

  it('only the outputs that were asked for', async () => {
    const outputs = { one: {}, tenth: {} }
    const waited = await jobs.run('numbers', {}, { outputs })
    assert.deepEqual(Object.keys(waited.json()), ['one', 'tenth'])
    const id = await jobs.submit('numbers', {}, { outputs })
    await jobs.end(id)
    assert.deepEqual(Object.keys((await http(`/jobs/${id}/results`)).json()), ['one', 'tenth'])
    const unknown = await jobs.run('numbers', {}, { outputs: { seven: {} } })
    assert.deepEqual([unknown.status, unknown.json()['code']], [400, 'NO_SUCH_OUTPUT'])
  })

  it('progress is seen while it runs', async () => {
    const id = await jobs.submit('heat', {})
    const seen = new Set<number>()
    const job = await eventually('the end', 60_000, async () => {
      const job = await jobs.status(id)
      seen.add(job.progress)
      return job.status !== 'accepted' && job.status !== 'running' && job
    })
    assert.deepEqual([job.status, job.progress], ['successful', 100])
    const between = [...seen].filter((percent) => percent > 0 && percent < 100)
    assert.ok(between.length >= 3, `progress seen: ${[...seen].join(', ')}`)
    assert.deepEqual(
      [...seen],
      [...seen].toSorted((a, b) => a - b),
    )
  })
})

describe('processes that call processes', () => {
  it('sellar-mda gives what Newton’s method gives', async () => {
    const design = { x_1: 1, x_2: 0, x_shared: [5, 2] }
    const { y_1, y_2 } = newton(design)
    const answer = await jobs.run('sellar-mda', design)
    assert.equal(answer.status, 200, answer.text)
    const found = answer.json<{ y_1: number; y_2: number }>()
    assert.ok(Math.abs(found.y_1 - y_1) < 1e-8 && Math.abs(found.y_2 - y_2) < 1e-8, answer.text)
    assert.equal(found.y_1.toFixed(6), '5.058488')
    assert.equal((found.y_1 ** 2).toFixed(6), '25.588302')
    assert.equal(found.y_2.toFixed(6), '12.058488')
  })

  it('do not wait for each other’s slot for ever, not even with one slot', async () => {
    const waited = await Promise.all(Array.from({ length: 3 }, () => jobs.run('sellar-mda', {})))
    for (const { status, text } of waited) assert.equal(status, 200, text)
    const ids = await Promise.all(Array.from({ length: 3 }, () => jobs.submit('sellar-mda', {})))
    for (const id of ids) assert.equal((await jobs.end(id)).status, 'successful')
  })

  it('may call themselves', async () => {
    const tower = await jobs.run('tower', { floors: 2 })
    assert.deepEqual([tower.status, tower.text], [200, '{"height":2}'])
    // the calls of each stand in the queue behind the others
    const towers = await Promise.all(Array.from({ length: 4 }, () => jobs.run('tower', { floors: 4 })))
    for (const { status, text } of towers) assert.deepEqual([status, text], [200, '{"height":4}'])
    const id = await jobs.submit('tower', { floors: 3 })
    assert.equal((await jobs.end(id)).status, 'successful')
  })
})

/** Solves y_1² = z_0² + z_1 + x_1 - y_2 / 5, y_2 = y_1 + z_0 + z_1 - x_2 for positive y_1. */
function newton({ x_1, x_2, x_shared: [z_0 = 0, z_1 = 0] }: { x_1: number; x_2: number; x_shared: number[] }) {
  let [y_1, y_2] = [1, 1]
  for (let step = 0; step < 50; step++) {
    const f = [y_1 ** 2 - z_0 ** 2 - z_1 - x_1 + 0.2 * y_2, y_2 - y_1 - z_0 - z_1 + x_2] as const
    // of the matrix [[2 y_1, 0.2], [-1, 1]]
    const determinant = 2 * y_1 + 0.2
    y_1 -= (f[0] - 0.2 * f[1]) / determinant
    y_2 -= (f[0] + 2 * y_1 * f[1]) / determinant
  }
  return { y_1, y_2 }
}

describe('the queue', () => {
  /** Takes the only slot. */
  async function occupy(seconds: number, pidFile = ''): Promise<string> {
    const id = await jobs.submit('nap', { seconds, ...(pidFile && { pidFile }) })
    await jobs.until(id, ['running'])
    return id
  }

  it('higher priorities first, then the older', async () => {
    await occupy(1)
    const order = [0, -5, 10, 0, 100]
    const ids: string[] = []
    for (const priority of order) ids.push(await jobs.submit('nap', { seconds: 0.05 }, { warren: { priority } }))
    for (const id of ids) await jobs.end(id)
    const rows = await ledger.sql<{ id: string }[]>`
select id from executor.jobs where id = any(${ids}) order by started_at`
    assert.deepEqual(
      rows.map(({ id }) => ids.indexOf(id)),
      [4, 2, 0, 3, 1],
    )
  })

  it('a queued job is dismissed without having run', async () => {
    const first = await occupy(1)
    const pidFile = join(folder, 'queued')
    const id = await jobs.submit('nap', { pidFile })
    const answer = await http(`/jobs/${id}`, { method: 'DELETE' })
    assert.deepEqual([answer.status, answer.json()['status']], [200, 'dismissed'])
    assert.equal((await jobs.end(first)).status, 'successful')
    const next = await jobs.submit('nap', { seconds: 0.01 })
    await jobs.end(next)
    assert.equal((await jobs.status(id)).status, 'dismissed')
    assert.equal(existsSync(pidFile), false)
  })

  it('a running job is dismissed once its runner is gone', async () => {
    const pidFile = join(folder, 'running')
    const id = await occupy(60, pidFile)
    const pid = await eventually('its pid', 5_000, () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')))
    const answer = await http(`/jobs/${id}`, { method: 'DELETE' })
    assert.deepEqual([answer.status, answer.json()['status']], [200, 'dismissed'])
    assert.equal(isAlive(pid), false)
    assert.equal((await jobs.status(id)).status, 'dismissed')
    assert.equal((await jobs.run('echo', { text: 'the slot is free' })).status, 200)
  })

  it('a synchronous run that is dismissed ends for the one who waits', async () => {
    const running = jobs.run('nap', { seconds: 60 })
    const id = await eventually('its job', 5_000, async () => {
      const [row] = await ledger.sql<{ id: string }[]>`
select id from executor.jobs where mode = 'sync' and state = 'running' and process_id = 'nap'`
      return row?.id
    })
    assert.equal((await http(`/jobs/${id}`, { method: 'DELETE' })).status, 200)
    const answer = await running
    assert.ok(answer.status >= 400, answer.text)
    assert.equal(answer.json()['code'], 'CANCELLED')
  })

  it('a job that has ended is removed', async () => {
    const id = await jobs.submit('echo', { text: 'hi' })
    await jobs.end(id)
    const answer = await http(`/jobs/${id}`, { method: 'DELETE' })
    assert.deepEqual([answer.status, answer.json()['status']], [200, 'dismissed'])
    assert.equal((await http(`/jobs/${id}`)).status, 404)
    assert.equal((await http(`/jobs/${id}/results`)).status, 404)
  })

  it('jobs have an owner', async () => {
    const id = await jobs.submit('echo', { text: 'hi' })
    assert.equal((await jobs.end(id)).warren.owner, 'local')
    const rows = await ledger.sql<{ owner: string }[]>`select distinct owner from executor.jobs`
    assert.deepEqual(
      rows.map(({ owner }) => owner),
      ['local'],
    )
  })
})

describe('a folder of processes is followed while the executor runs', () => {
  const root = join(dropped, 'greet')
  const write = (version: string, word: string): void => {
    mkdirSync(root, { recursive: true })
    writeFileSync(
      join(root, 'process.ts'),
      `import { defineProcess } from '@warren/worker'
export default defineProcess({
  id: 'greet', version: '${version}', title: 'Greet', description: '',
  inputs: { name: { schema: { type: 'string' } } }, outputs: { text: { schema: { type: 'string' } } },
  run: ({ name }) => ({ text: \`${word} \${name}\` }),
})
`,
    )
  }
  const greeting = async (): Promise<string | number> => {
    const answer = await jobs.run('greet', { name: 'you' })
    return answer.status === 200 ? answer.json<{ text: string }>().text : answer.status
  }
  const becomes = (wanted: string | number): Promise<boolean> =>
    eventually(`greet → ${wanted}`, 10_000, async () => (await greeting()) === wanted, 100)
  const executor = async () => {
    const { executors } = (await http('/executors')).json<{ executors: Record<'offers' | 'refused', Ref[]>[] }>()
    assert.equal(executors.length, 1)
    return executors[0] as (typeof executors)[0]
  }
  interface Ref {
    readonly id: string
    readonly version: string
    readonly reason?: string
  }

  it('a folder that is dropped in becomes a process', async () => {
    assert.equal((await http('/processes/greet')).status, 404)
    write('1.0.0', 'Hello')
    await becomes('Hello you')
    assert.equal((await http('/processes/greet')).json()['version'], '1.0.0')
  })

  it('a new version takes its place', async () => {
    write('1.1.0', 'Welcome')
    await becomes('Welcome you')
    await eventually('its description', 5_000, async () => {
      return (await http('/processes/greet')).json()['version'] === '1.1.0'
    })
    const { versions } = (await http('/processes/greet/versions')).json<{ versions: Ref[] }>()
    assert.deepEqual(
      versions.map(({ version }) => version),
      ['1.1.0', '1.0.0'],
    )
    const id = await jobs.submit('greet', { name: 'you' })
    assert.equal((await jobs.end(id)).warren.version, '1.1.0')
  })

  it('another text under the same version is refused, and shown', async () => {
    write('1.1.0', 'Go away')
    await becomes(503)
    const { refused, offers } = await executor()
    assert.deepEqual(
      refused.map(({ id, version }) => `${id}@${version}`),
      ['greet@1.1.0'],
    )
    assert.match(String(refused[0]?.reason), /published with other contents.*raise the version/)
    assert.equal(
      offers.some(({ id }) => id === 'greet'),
      false,
    )
    write('1.2.0', 'Come back')
    await becomes('Come back you')
    assert.deepEqual((await executor()).refused, [])
  })

  it('a folder that is removed is offered no longer', async () => {
    rmSync(root, { recursive: true })
    await becomes(503)
    await eventually('the offer to end', 5_000, async () => {
      return !(await executor()).offers.some(({ id }) => id === 'greet')
    })
  })
})

describe('after a restart of everything', () => {
  it('jobs and their results are found again, and what was queued runs', async () => {
    const done = await jobs.submit('numbers', {})
    await jobs.end(done)
    const [before, results] = await Promise.all([http(`/jobs/${done}`), http(`/jobs/${done}/results`)])
    await jobs.submit('nap', { seconds: 0.5 })
    const waiting = await Promise.all(Array.from({ length: 3 }, (_, n) => jobs.submit('echo', { text: `${n}` })))
    const names = ['registry', 'files', 'notifier', 'executor', 'gateway'] as const
    await Promise.all(names.map((name) => stack.signal(name, 'SIGTERM')))
    for (const name of names) stack.start(name)
    await stack.ready()
    assert.equal((await http(`/jobs/${done}`)).text, before.text)
    assert.equal((await http(`/jobs/${done}/results`)).text, results.text)
    for (const id of waiting) assert.equal((await jobs.end(id)).status, 'successful')
  })
})
