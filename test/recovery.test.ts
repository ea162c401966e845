import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { exchanges } from '@warren/contracts'
import { choosePorts, startBroker, type Broker, type Ports } from '@warren/local'
import { connect } from 'amqplib'
import { createHttp, type Http } from './support/http.ts'
import { jobsOf, openLedger, type Jobs, type Ledger, type Status } from './support/jobs.ts'
import { startStack, type Stack } from './support/stack.ts'
import { eventually, isAlive } from './support/wait.ts'

// What was accepted is done, whoever is killed meanwhile. The broker is this file's own, so that it may be killed too.

const here = import.meta.dirname
const folder = mkdtempSync(join(tmpdir(), 'warren-test-'))
let ports: Ports
let broker: Broker
let stack: Stack
let http: Http
let jobs: Jobs
let ledger: Ledger

before(async () => {
  ports = await choosePorts()
  broker = await startBroker({ dir: folder, ports })
  stack = await startStack({
    amqpUrl: broker.amqpUrl,
    processes: [join(here, '../processes'), join(here, 'processes')],
    slots: 2,
  })
  http = await createHttp(stack.url)
  jobs = jobsOf(http)
  ledger = openLedger(stack.databaseUrl)
})

after(async () => {
  await ledger?.close()
  await stack?.close()
  await broker?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function statuses(ids: readonly string[]): Promise<Status[]> {
  const all: Status[] = []
  for (const id of ids) all.push(await jobs.status(id))
  return all
}

async function allSuccessful(ids: readonly string[], ms: number): Promise<void> {
  const left = async (): Promise<number> => {
    const [row] = await ledger.sql<{ n: number }[]>`
select count(*)::int as n from executor.jobs where id = any(${[...ids]}) and state = 'successful'`
    return ids.length - (row?.n ?? 0)
  }
  await eventually(`${ids.length} jobs successful`, ms, async () => (await left()) === 0, 100).catch(async (error) => {
    throw new Error(`${await left()} jobs are not successful`, { cause: error })
  })
}

const pidIn = (file: string): Promise<number> =>
  eventually(`a pid in ${file}`, 5_000, () => existsSync(file) && Number(readFileSync(file, 'utf8')))

it('kill -9 of the executor: 20 queued and 2 running jobs all succeed, the two at their second attempt', async (t) => {
  const files = [join(folder, 'first'), join(folder, 'second')]
  const running = await Promise.all(files.map((pidFile) => jobs.submit('nap', { seconds: 1.5, again: 0.2, pidFile })))
  const pids = await Promise.all(files.map(pidIn))
  const queued = await Promise.all(Array.from({ length: 20 }, () => jobs.submit('nap', { seconds: 0.3 })))
  assert.deepEqual([await ledger.count({ state: 'running' }), await ledger.count({ state: 'queued' })], [2, 20])
  await stack.signal('executor', 'SIGKILL')
  const since = performance.now()
  await eventually('the orphaned runners to go', 3_000, () => !pids.some(isAlive))
  stack.start('executor')
  await allSuccessful([...running, ...queued], 60_000)
  t.diagnostic(`all successful ${((performance.now() - since) / 1_000).toFixed(1)} s after the kill`)
  const attempts = (await statuses([...running, ...queued])).map(({ warren }) => warren.attempt)
  assert.deepEqual(attempts, [2, 2, ...queued.map(() => 1)])
  for (const id of [...running, ...queued]) {
    const { attempt } = (await http(`/jobs/${id}/results`)).json<{ attempt: number }>()
    assert.equal(attempt, running.includes(id) ? 2 : 1)
  }
  const ends = await ledger.sql<{ n: number }[]>`
select count(*)::int as n from executor.events where event = 'jobSuccessful' group by job_id having count(*) > 1`
  assert.deepEqual([...ends], [])
})

it('SIGTERM of the executor in the middle of jobs: it finishes or hands back what it has, and nothing is lost', async (t) => {
  const long = await jobs.submit('nap', { seconds: 60, again: 0.1 })
  await jobs.until(long, ['running'])
  const ids = await Promise.all(Array.from({ length: 10 }, () => jobs.submit('nap', { seconds: 1 })))
  await eventually('two running', 5_000, async () => (await ledger.count({ state: 'running' })) === 2)
  const since = performance.now()
  await stack.signal('executor', 'SIGTERM')
  const seconds = (performance.now() - since) / 1_000
  assert.ok(seconds < 22, `it took ${seconds} s to stop`)
  const [handedBack] = await ledger.sql<{ state: string }[]>`select state from executor.jobs where id = ${long}`
  assert.deepEqual([handedBack?.state, await ledger.count({ state: 'running' })], ['queued', 0])
  t.diagnostic(`stopped after ${seconds.toFixed(1)} s, ${await ledger.count({ state: 'queued' })} queued`)
  stack.start('executor')
  await allSuccessful([long, ...ids], 30_000)
  const attempts = (await statuses([long, ...ids])).map(({ warren }) => warren.attempt)
  assert.deepEqual(attempts, [2, ...ids.map(() => 1)])
})

it('kill -9 of the broker while 200 jobs are submitted: each that was answered 201 succeeds', async (t) => {
  await eventually('the executor', 20_000, async () => (await jobs.run('echo', { text: 'hi' })).status === 200)
  const accepted: string[] = []
  const refused: number[] = []
  let next = 0
  const submitter = async (): Promise<void> => {
    for (let n = next++; n < 200; n = next++) {
      for (;;) {
        const answer = await http('/processes/echo/execution', {
          method: 'POST',
          headers: { prefer: 'respond-async' },
          json: { inputs: { text: `${n}` } },
        })
        if (answer.status === 201) {
          accepted.push(answer.json<{ jobID: string }>().jobID)
          break
        }
        refused.push(answer.status)
        await wait(250)
      }
      await wait(10)
    }
  }
  const submitting = Promise.all(Array.from({ length: 8 }, submitter))
  await eventually('60 accepted', 10_000, () => accepted.length >= 60, 1)
  await broker.kill()
  const atKill = accepted.length
  await eventually('a refusal', 10_000, () => refused.length > 0)
  broker = await startBroker({ dir: folder, ports })
  await submitting
  await allSuccessful(accepted, 60_000)
  const kinds = Object.entries(Object.groupBy(refused, String)).map(([status, all]) => `${all?.length} × ${status}`)
  t.diagnostic(`${atKill} accepted before the kill, ${accepted.length - atKill} after; refused: ${kinds.join(', ')}`)
  assert.equal(accepted.length, 200)
  assert.ok(atKill < 200)
  assert.ok(refused.every((status) => status >= 502 && status <= 504))
})

it('events that were committed while the broker was down are published in order when it is back', async (t) => {
  await stack.ready()
  const queue = `test-${process.pid}`
  await onBroker(async (channel) => {
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'classic' } })
    await channel.bindQueue(queue, exchanges.events, 'job.#')
  })
  const ids = await Promise.all(Array.from({ length: 12 }, () => jobs.submit('nap', { seconds: 0.4 })))
  await broker.kill()
  await allSuccessful(ids, 20_000)
  broker = await startBroker({ dir: folder, ports })
  await stack.ready()
  // events of the test before may still be under way, and may come twice
  const ofThese = (all: readonly Told[]): Told[] => all.filter(({ data }) => ids.includes(data.jobId))
  const told = await drain(queue, (all) => new Set(ofThese(all).map(({ id }) => id)).size === 36)
  const sequence = told.map(({ id }) => Number(id))
  const unique = [...new Set(sequence)]
  t.diagnostic(`${told.length} messages, ${unique.length} events`)
  assert.deepEqual(
    unique,
    unique.toSorted((a, b) => a - b),
  )
  for (const id of ids) {
    const its = told.filter(({ data }) => data.jobId === id).map(({ type }) => type.split('.').at(-1))
    assert.deepEqual([...new Set(its)], ['jobAccepted', 'jobStarted', 'jobSuccessful'])
  }

  // an instance that is gone has left events behind that nobody has published
  const [left] = await ledger.sql<{ from: string }[]>`select max(seq) as from from executor.events`
  await ledger.sql.begin(async (sql) => {
    await sql`
insert into executor.writers (id, published_xid, published_to, lease_until)
values ('gone', pg_current_xact_id(), ${left?.from ?? 0}, now() - interval '1 s')`
    for (const event of ['jobAccepted', 'jobStarted', 'jobFailed']) {
      await sql`
insert into executor.events (job_id, process_id, owner, event, state, attempt, at, writer)
values ('orphan', 'nap', 'local', ${event}, 'failed', 1, now(), 'gone')`
    }
  })
  const ofOrphan = (all: readonly Told[]): Told[] => all.filter(({ data }) => data.jobId === 'orphan')
  const adopted = ofOrphan(await drain(queue, (all) => ofOrphan(all).length >= 3))
  assert.deepEqual(
    adopted.map(({ data, type }) => `${data.jobId} ${type.split('.').at(-1)}`),
    ['orphan jobAccepted', 'orphan jobStarted', 'orphan jobFailed'],
  )
  await eventually('the writer to be forgotten', 5_000, async () => {
    return (await ledger.sql`select from executor.writers where id = 'gone'`).length === 0
  })
})

interface Told {
  readonly id: string
  readonly type: string
  readonly data: { readonly jobId: string }
}

type Channel = Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createChannel']>>

async function onBroker<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
  const connection = await connect(broker.amqpUrl)
  connection.on('error', () => {}) // what is under way rejects
  try {
    return await use(await connection.createChannel())
  } finally {
    await connection.close()
  }
}

/** Takes events from a queue until there are enough. */
function drain(queue: string, enough: (told: readonly Told[]) => boolean): Promise<Told[]> {
  return onBroker(async (channel) => {
    const told: Told[] = []
    await channel.consume(queue, (message) => {
      if (!message) return
      told.push(JSON.parse(message.content.toString()) as Told)
      channel.ack(message)
    })
    return eventually('the events', 20_000, () => enough(told) && told)
  })
}
