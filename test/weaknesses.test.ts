import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import type { Answer } from './support/http.ts'
import type { Failure } from './support/jobs.ts'
import { dismissAll, startPlatform } from './support/platform.ts'
import { eventually, isAlive } from './support/wait.ts'

// What was observed to go wrong in systems that Warren takes the place of: NRP Backend 4 and hat-open AIMM 1.2.

const here = import.meta.dirname
const folder = mkdtempSync(join(tmpdir(), 'warren-test-'))
const { stack, http, jobs, ledger } = await startPlatform({
  processes: [join(here, '../processes'), join(here, 'processes')],
  slots: 4,
})

after(() => rmSync(folder, { recursive: true, force: true }))

afterEach(() => dismissAll(http))

const create = (body: object): Promise<Answer> => http('/jobs', { method: 'POST', json: body })
const control = (id: string, action: string): Promise<Answer> =>
  http(`/jobs/${id}/control`, { method: 'POST', json: { action } })
const state = async (id: string): Promise<string> => (await jobs.status(id)).warren.state

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work()
  return (performance.now() - since) / 1_000
}

/** Starts children before time is measured: one for each slot. */
const warm = (processId: string, inputs: object): Promise<unknown> =>
  Promise.all(Array.from({ length: 4 }, () => jobs.run(processId, inputs)))

describe('NRP: jobs that are controlled', () => {
  it('A3.1 a start that follows the 201 at once is not lost', async () => {
    for (let n = 0; n < 20; n++) {
      const { jobID: id } = (await create({ process: 'echo', inputs: { text: `${n}` } })).json<{ jobID: string }>()
      assert.equal((await control(id, 'start')).status, 200)
      assert.equal((await jobs.end(id)).status, 'successful')
    }
  })

  it('A3.2 stop from paused takes less than 2 s, and others are answered in less than 100 ms meanwhile', async () => {
    const id = await jobs.submit('crunch', { rounds: 2_000 })
    await jobs.until(id, ['running'])
    await eventually('it is paused', 5_000, async () => {
      await control(id, 'pause')
      return (await state(id)) === 'paused'
    })
    await jobs.status(id) // what answers is compiled before it is timed
    const stopping = seconds(async () => assert.equal((await control(id, 'stop')).status, 200))
    const slowest = { ms: 0 }
    for (let over = false; !over;) {
      const ms = (await seconds(() => http(`/jobs/${id}`))) * 1_000
      slowest.ms = Math.max(slowest.ms, ms)
      over = await Promise.race([stopping.then(() => true), new Promise<false>((go) => setImmediate(go, false))])
    }
    assert.ok((await stopping) < 2, `stopped after ${await stopping} s`)
    assert.ok(slowest.ms < 100, `the slowest answer took ${slowest.ms} ms`)
  })

  it('A3.3 an action that is none is refused, and harms nothing', async () => {
    const id = await jobs.submit('crunch', { rounds: 20 })
    for (const action of ['created', 'initialized', 'successful', '']) {
      assert.equal((await control(id, action)).status, 400, action)
    }
    assert.equal((await jobs.end(id, 30_000)).status, 'successful')
  })

  it('A3.4 a script that raises has failed, with its file and its line, and says so later too', async () => {
    const id = await jobs.submit('broken', { how: 'raise' })
    const ended = await jobs.end(id)
    assert.equal(ended.status, 'failed')
    const { detail, file, line } = ended.exception as Failure
    assert.match(detail, /this script is broken/)
    assert.match(String(file), /process\.py$/)
    const source = readFileSync(join(here, 'processes/crunch/process.py'), 'utf8').split('\n')
    assert.match(source[Number(line) - 1] ?? '', /raise ValueError/)
  })

  it('A3.5 what a job wrote before it was stopped or failed is kept', async () => {
    const pidFile = join(folder, 'kept')
    const stopped = await jobs.submit('stubborn', { pidFile })
    await eventually('it runs', 10_000, () => existsSync(pidFile))
    await control(stopped, 'stop')
    await jobs.end(stopped)
    const failed = await jobs.submit('broken', { how: 'exit' })
    await jobs.end(failed)
    const log = async (id: string): Promise<string> =>
      (await http(`/jobs/${id}/logs`, { headers: { accept: 'text/plain' } })).text
    assert.match(await log(stopped), /here I am/)
    assert.match(await log(failed), /about to break/)
  })

  it('A3.6 a job that has ended is in nobody’s way', async () => {
    for (let n = 0; n < 8; n++) {
      const id = await jobs.submit('echo', { text: `${n}` })
      assert.equal((await jobs.end(id)).status, 'successful')
    }
  })

  it('A3.7 nobody chooses the state that a job begins with', async () => {
    const before = await ledger.count()
    for (const state of ['paused', 'stopped', 'successful']) {
      const answer = await create({ process: 'echo', inputs: { text: 'x' }, state, status: state })
      assert.equal(answer.status, 201, answer.text)
      const { jobID: id } = answer.json<{ jobID: string }>()
      assert.equal(await (async () => (await jobs.status(id)).warren.state)(), 'created')
      assert.equal((await control(id, 'start')).status, 200)
      assert.equal((await jobs.end(id)).status, 'successful')
    }
    assert.equal(await ledger.count(), before + 3)
  })
})

describe('AIMM: children that compute', () => {
  it('B3.1 four slots do four things at a time', async () => {
    await warm('sleepy', { seconds: 0 })
    const took = await seconds(() => Promise.all(Array.from({ length: 4 }, () => jobs.run('sleepy', { seconds: 1 }))))
    assert.ok(took < 2, `4 × 1 s took ${took} s`)
  })

  it('B3.2 trivial calls begin at once', async () => {
    await warm('echo', { text: 'x' })
    const took = await seconds(async () => {
      for (let n = 0; n < 3; n++) assert.equal((await jobs.run('echo', { text: 'x' })).status, 200)
    })
    assert.ok(took < 1, `3 calls took ${took} s`)
  })

  it('B3.3 a cancel of a busy loop frees its slot in less than 1 s', async () => {
    const pidFile = join(folder, 'busy')
    const ids = await Promise.all(
      Array.from({ length: 4 }, (_, n) => jobs.submit('crunch', { rounds: 5_000, pidFile: `${pidFile}${n}` })),
    )
    await eventually('all run', 10_000, () => ids.every((_, n) => existsSync(`${pidFile}${n}`)))
    const next = jobs.run('echo', { text: 'next' })
    const took = await seconds(async () => {
      assert.equal((await control(ids[0] as string, 'stop')).status, 200)
      assert.equal((await next).status, 200)
    })
    assert.ok(took < 1, `the slot was free after ${took} s`)
  })

  it('B3.4 a child that dies hard harms one job', async () => {
    const bystander = jobs.run('sleepy', { seconds: 1.5 })
    for (const how of ['exit', 'segfault']) {
      const id = await jobs.submit('broken', { how })
      const ended = await jobs.end(id)
      assert.deepEqual([ended.status, ended.exception?.code], ['failed', 'PROCESS_CRASHED'], how)
    }
    assert.equal((await bystander).status, 200)
    assert.equal((await jobs.run('echo', { text: 'after' })).status, 200)
  })

  it('B3.5, B3.6 after a restart what was stored is found and used, and no id comes again', async () => {
    const before = await jobs.submit('echo', { text: 'before' })
    await jobs.end(before)
    await stack.signal('executor', 'SIGTERM')
    stack.start('executor')
    await stack.ready()
    const later = await jobs.submit('echo', { text: 'later' })
    assert.notEqual(later, before)
    await jobs.end(later)
    assert.deepEqual((await http(`/jobs/${before}/results`)).json(), { text: 'before' })
    assert.deepEqual((await http(`/jobs/${later}/results`)).json(), { text: 'later' })
  })

  it('B3.7 two changes at once both count', async () => {
    const { jobID: id } = (await create({ process: 'echo', inputs: { text: 'x' } })).json<{ jobID: string }>()
    const deadline = async (): Promise<number> => {
      const { warren } = (await http(`/jobs/${id}`)).json<{ warren: { deadline: string } }>()
      return Date.parse(warren.deadline)
    }
    const before = await deadline()
    const extend = (byMs: number): Promise<Answer> =>
      http(`/jobs/${id}/control`, { method: 'POST', json: { action: 'extend', byMs } })
    const answers = await Promise.all([extend(1_000), extend(10_000)])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    )
    assert.equal(await deadline(), before + 11_000)
  })

  it('B3.8 every input gets its own value, by name', async () => {
    const answer = await jobs.run('Sellar1', { x_1: 3, x_shared: [7, 2], y_2: 5 })
    assert.equal(answer.status, 200, answer.text)
    const swapped = await jobs.run('Sellar1', { y_2: 5, x_shared: [7, 2], x_1: 3 })
    assert.deepEqual(swapped.json(), answer.json())
    const other = await jobs.run('Sellar1', { y_2: 3, x_shared: [7, 2], x_1: 5 })
    assert.notDeepEqual(other.json(), answer.json())
  })

  it('B3.9 what failed or was stopped says so for good, and can be removed', async () => {
    const failed = await jobs.submit('broken', { how: 'raise' })
    const pidFile = join(folder, 'for-good')
    const stopped = await jobs.submit('stubborn', { pidFile })
    const pid = await eventually('its pid', 10_000, () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')))
    await control(stopped, 'stop')
    assert.deepEqual([(await jobs.end(failed)).status, (await jobs.end(stopped)).status], ['failed', 'dismissed'])
    assert.ok(!isAlive(pid))
    for (const id of [failed, stopped]) {
      assert.equal((await http(`/jobs/${id}`, { method: 'DELETE' })).status, 200)
      assert.equal((await http(`/jobs/${id}`)).status, 404)
    }
  })
})
