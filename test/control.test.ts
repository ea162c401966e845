import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Answer } from './support/http.ts'
import type { Failure } from './support/jobs.ts'
import { dismissAll, startPlatform } from './support/platform.ts'
import { eventually, isAlive } from './support/wait.ts'

// Every word of control means what it says: what is paused takes no time, what is stopped is gone.

const here = import.meta.dirname
const folder = mkdtempSync(join(tmpdir(), 'warren-test-'))
const { stack, http, jobs } = await startPlatform({
  executors: ['executor', 'executor2'],
  processes: [join(here, '../processes'), join(here, 'processes')],
  slots: 2,
})

after(() => rmSync(folder, { recursive: true, force: true }))

interface Steered {
  readonly status: string
  readonly links: readonly { rel: string; href: string; method?: string }[]
  readonly warren: {
    readonly state: string
    readonly control?: string
    readonly pausedAs?: string
    readonly hasCheckpoint?: boolean
    readonly attempt: number
    readonly deadline?: string
    readonly waitingFor?: string
    readonly executor?: string
  }
}

const control = (id: string, body: object): Promise<Answer> =>
  http(`/jobs/${id}/control`, { method: 'POST', json: body })

async function applied(id: string, body: object): Promise<Steered> {
  const answer = await control(id, body)
  assert.equal(answer.status, 200, answer.text)
  const document = answer.json<Steered>()
  assert.equal(document.warren.control, 'applied')
  return document
}

interface Attempt {
  readonly attempt: number
  readonly outcome: string
  readonly problem: { readonly code: string; readonly exitCode: number } | null
}

async function attemptsOf(id: string): Promise<readonly Attempt[]> {
  return (await http(`/jobs/${id}/attempts`)).json<{ attempts: readonly Attempt[] }>().attempts
}

const look = async (id: string): Promise<Steered> => (await http(`/jobs/${id}`)).json<Steered>()
const actions = ({ links }: Steered): string[] =>
  links.filter(({ method }) => method === 'POST').map(({ rel }) => rel.split('/').at(-1) ?? '')

const pidsIn = (file: string): Promise<number[]> =>
  eventually(`pids in ${file}`, 10_000, () => existsSync(file) && readFileSync(file, 'utf8').split(' ').map(Number))

afterEach(() => dismissAll(http))

/** User and system time of processes so far, clock ticks. */
function cpuTicks(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + Number(fields[11]) + Number(fields[12])
  }, 0)
}

describe('pause and resume', () => {
  it('stop the time of the whole process group within 100 ms, and the result is the same', async () => {
    const undisturbed = await jobs.run('crunch', { rounds: 40 })
    const pidFile = join(folder, 'crunch')
    const id = await jobs.submit('crunch', { rounds: 40, grandchild: true, pidFile })
    const pids = await pidsIn(pidFile)
    await eventually('some progress', 10_000, async () => (await jobs.status(id)).progress > 5)
    const paused = await applied(id, { action: 'pause' })
    assert.deepEqual([paused.status, paused.warren.state, paused.warren.pausedAs], ['running', 'paused', 'suspend'])
    assert.deepEqual(actions(paused).toSorted(), ['extend', 'resume', 'stop'])
    await wait(100)
    const ticks = cpuTicks(pids)
    await wait(500)
    assert.equal(cpuTicks(pids), ticks, 'a paused run takes no time, nor do its children')
    assert.equal((await applied(id, { action: 'pause' })).warren.state, 'paused', 'asking twice changes nothing')
    assert.equal((await applied(id, { action: 'resume' })).warren.state, 'running')
    assert.equal((await jobs.end(id, 60_000)).status, 'successful')
    assert.deepEqual((await http(`/jobs/${id}/results`)).json(), undisturbed.json())
  })

  it('lend the slot: somebody else runs meanwhile', async () => {
    const ids = await Promise.all(Array.from({ length: 4 }, () => jobs.submit('crunch', { rounds: 2_000 })))
    for (const id of ids) {
      await eventually('it runs', 10_000, async () => (await look(id)).warren.state === 'running')
      await applied(id, { action: 'pause' })
    }
    assert.equal((await jobs.run('echo', { text: 'still here' })).status, 200)
    for (const id of ids) await applied(id, { action: 'stop' })
  })

  it('hold a job that waits, and let it go', async () => {
    const busy = await Promise.all(Array.from({ length: 4 }, () => jobs.submit('crunch', { rounds: 2_000 })))
    for (const id of busy) await jobs.until(id, ['running'])
    const id = await jobs.submit('echo', { text: 'held' })
    const held = await applied(id, { action: 'pause' })
    assert.deepEqual([held.warren.state, held.warren.pausedAs], ['paused', 'hold'])
    assert.equal(held.warren.waitingFor, 'somebody to resume it')
    for (const other of busy) await applied(other, { action: 'stop' })
    const later = await jobs.submit('echo', { text: 'later' })
    await jobs.end(later)
    assert.equal((await look(id)).warren.state, 'paused', 'free slots do not take what is held')
    await applied(id, { action: 'resume' })
    assert.equal((await jobs.end(id)).status, 'successful')
  })

  it('save the state and give the slot up, and go on elsewhere after kill -9 with the same result', async () => {
    const inputs = { points: 201, steps: 60_000 }
    const undisturbed = await jobs.run('heat', inputs)
    assert.equal(undisturbed.status, 200, undisturbed.text)
    const id = await jobs.submit('heat', inputs)
    await eventually('some progress', 20_000, async () => (await jobs.status(id)).progress > 20)
    await control(id, { action: 'pause', kind: 'checkpoint' })
    const paused = await eventually('a checkpoint', 10_000, async () => {
      const now = await look(id)
      return now.warren.state === 'paused' && now
    })
    assert.deepEqual([paused.warren.pausedAs, paused.warren.hasCheckpoint], ['checkpoint', true])
    assert.equal(paused.warren.executor, undefined, 'nobody holds it')
    await stack.signal('executor', 'SIGKILL')
    await stack.signal('executor2', 'SIGKILL')
    stack.start('executor2')
    await stack.ready()
    await applied(id, { action: 'resume' })
    const ended = await jobs.end(id, 60_000)
    assert.deepEqual([ended.status, ended.warren.attempt], ['successful', 2])
    assert.equal((await http(`/jobs/${id}/results`)).text, undisturbed.text)
    assert.deepEqual(
      (await attemptsOf(id)).map(({ outcome }) => outcome),
      ['checkpointed', 'successful'],
    )
    stack.start('executor')
    await stack.ready()
  })

  it('taken back in the same moment leave the job running, or let it go on', async () => {
    const inputs = { points: 201, steps: 60_000 }
    const undisturbed = await jobs.run('heat', inputs)
    for (const kind of ['suspend', 'checkpoint']) {
      const id = await jobs.submit('heat', inputs)
      await eventually('some progress', 20_000, async () => (await jobs.status(id)).progress > 5)
      const [, resumed] = await Promise.all([control(id, { action: 'pause', kind }), control(id, { action: 'resume' })])
      assert.ok(resumed.status === 200 || resumed.status === 202, resumed.text)
      // whichever came last counts
      await eventually('it goes on', 10_000, async () => (await control(id, { action: 'resume' })).status !== 202)
      assert.equal((await jobs.end(id, 30_000)).status, 'successful', kind)
      assert.equal((await http(`/jobs/${id}/results`)).text, undisturbed.text)
    }
  })

  it('go on from the last state that was saved when the executor is killed', async () => {
    const inputs = { points: 201, steps: 40_000 }
    const id = await jobs.submit('heat', inputs)
    const state = await eventually('a saved state', 30_000, async () => {
      const now = await look(id)
      return now.warren.hasCheckpoint === true && now.warren
    })
    const name =
      state.executor === undefined ? '' : stack.output('executor').includes(state.executor) ? 'executor' : 'executor2'
    assert.ok(name === 'executor' || name === 'executor2')
    await stack.signal(name, 'SIGKILL')
    stack.start(name)
    const ended = await jobs.end(id, 60_000)
    assert.deepEqual([ended.status, ended.warren.attempt], ['successful', 2])
    const undisturbed = await jobs.run('heat', inputs)
    assert.equal((await http(`/jobs/${id}/results`)).text, undisturbed.text)
    await stack.ready()
  })
})

describe('stop', () => {
  it('ends a run that never listens, with its log kept, and verifies it', async () => {
    const pidFile = join(folder, 'stubborn')
    const id = await jobs.submit('stubborn', { pidFile })
    const pids = await pidsIn(pidFile)
    const since = performance.now()
    const answer = await control(id, { action: 'stop' })
    assert.ok(performance.now() - since < 3_000)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.json<Steered>().status, 'dismissed')
    assert.ok(!pids.some(isAlive), 'its processes are gone when the answer comes')
    const log = await http(`/jobs/${id}/logs`, { headers: { accept: 'text/plain' } })
    assert.match(log.text, /here I am/)
    assert.deepEqual(actions(await look(id)), [], 'nothing more can be done')
  })

  it('is a conflict when the job has ended, and removes nothing', async () => {
    const id = await jobs.submit('echo', { text: 'over' })
    await jobs.end(id)
    for (const action of ['stop', 'pause', 'resume', 'start', 'extend']) {
      const answer = await control(id, { action, byMs: 1_000 })
      assert.deepEqual([answer.status, answer.json<Failure>().code], [409, 'CONFLICT'], action)
    }
    assert.equal((await jobs.status(id)).status, 'successful')
  })
})

describe('a job that was created', () => {
  it('waits to be started, and can be stopped before', async () => {
    const create = (): Promise<Answer> =>
      http('/jobs', { method: 'POST', json: { process: `${stack.url}/processes/echo`, inputs: { text: 'wait' } } })
    const answer = await create()
    assert.equal(answer.status, 201, answer.text)
    const { jobID: id } = answer.json<{ jobID: string }>()
    const created = await look(id)
    assert.deepEqual([created.status, created.warren.state], ['accepted', 'created'])
    assert.deepEqual(actions(created).toSorted(), ['extend', 'start', 'stop'])
    const early = await control(id, { action: 'pause' })
    assert.equal(early.status, 409)
    await applied(id, { action: 'start' })
    assert.equal((await jobs.end(id)).status, 'successful')
    assert.equal((await control(id, { action: 'start' })).status, 409)

    const { jobID: other } = (await create()).json<{ jobID: string }>()
    assert.equal((await applied(other, { action: 'stop' })).status, 'dismissed')
  })
})

describe('the deadline', () => {
  it('can be moved while the job runs', async () => {
    const id = await jobs.submit('sleepy', { seconds: 3 }, { warren: { timeoutMs: 2_000 } })
    const before = await eventually('it runs', 10_000, async () => {
      const now = await look(id)
      return now.warren.state === 'running' && now
    })
    const moved = await applied(id, { action: 'extend', byMs: 60_000 })
    assert.equal(Date.parse(moved.warren.deadline ?? '') - Date.parse(before.warren.deadline ?? ''), 60_000)
    assert.equal((await jobs.end(id)).status, 'successful')
    const nothing = await control(await jobs.submit('sleepy', { seconds: 1 }), { action: 'extend' })
    assert.deepEqual([nothing.status, nothing.json<Failure>().errors?.[0]?.pointer], [400, '/byMs'])
  })

  it('ends a job that nobody started or resumed', async () => {
    const answer = await http('/jobs', {
      method: 'POST',
      json: { process: 'echo', inputs: { text: 'never' }, warren: { timeoutMs: 500 } },
    })
    const { jobID: id } = answer.json<{ jobID: string }>()
    const ended = await jobs.end(id, 20_000)
    assert.deepEqual([ended.status, ended.exception?.code], ['failed', 'TIMEOUT'])
  })
})

describe('another attempt', () => {
  it('follows a crash as the process wants it, and every attempt is told', async () => {
    const id = await jobs.submit('flaky', { until: 3 })
    assert.equal((await jobs.end(id)).status, 'successful')
    assert.deepEqual(
      (await attemptsOf(id)).map(({ attempt, outcome, problem }) => [
        attempt,
        outcome,
        problem?.code,
        problem?.exitCode,
      ]),
      [
        [1, 'retried', 'PROCESS_CRASHED', 7],
        [2, 'retried', 'PROCESS_CRASHED', 7],
        [3, 'successful', undefined, undefined],
      ],
    )
  })

  it('is not that of a job which was removed, and had the same key', async () => {
    const submit = async (until: number): Promise<string> => {
      const headers = { prefer: 'respond-async', 'idempotency-key': 'flaky' }
      const answer = await http('/processes/flaky/execution', { method: 'POST', headers, json: { inputs: { until } } })
      assert.equal(answer.status, 201, answer.text)
      const { jobID: id } = answer.json<{ jobID: string }>()
      assert.equal((await jobs.end(id)).status, 'successful')
      return id
    }
    const id = await submit(2)
    assert.equal((await http(`/jobs/${id}`, { method: 'DELETE' })).status, 200)
    assert.equal(await submit(1), id)
    assert.deepEqual(
      (await attemptsOf(id)).map(({ attempt, outcome }) => [attempt, outcome]),
      [[1, 'successful']],
    )
  })

  it('does not follow when the budget is spent', async () => {
    const id = await jobs.submit('flaky', { until: 9 })
    const ended = await jobs.end(id)
    assert.deepEqual([ended.status, ended.warren.attempt, ended.exception?.code], ['failed', 3, 'PROCESS_CRASHED'])
  })
})
