import assert from 'node:assert/strict'
import { join as joinPath } from 'node:path'
import { after, it } from 'node:test'
import { executor as contract } from '@warren/contracts'
import { client } from '@warren/mesh'
import { failure, join, leave } from './support/mesh.ts'
import { startPlatform } from './support/platform.ts'

// Jobs that are numbered, on two executors that give the numbers out at the same time.

const { stack, http, jobs, ledger } = await startPlatform({
  executors: ['executor-a', 'executor-b'],
  processes: [joinPath(import.meta.dirname, '../processes'), joinPath(import.meta.dirname, 'processes')],
})
const executor = client(contract, await join('test', stack.amqpUrl))
after(leave)

const inputs = { text: 'hi' }
const submit = (series: string): Promise<string> => jobs.submit('echo', inputs, { warren: { series } })

async function numberOf(id: string): Promise<number | null> {
  return (await executor.getJob({ id }, { principal: 'local' })).number
}

it('each series counts from 1, and no number is given twice', async () => {
  const [ones, others] = await Promise.all([
    Promise.all(Array.from({ length: 60 }, () => submit('ones'))),
    Promise.all(Array.from({ length: 20 }, () => submit('others'))),
    Promise.all(Array.from({ length: 20 }, () => jobs.submit('echo', inputs))),
  ])
  const numbers = await Promise.all(ones.map(numberOf))
  assert.deepEqual(
    numbers.toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 60 }, (_, n) => n + 1),
  )
  assert.equal(new Set(await Promise.all(others.map(numberOf))).size, 20)
  const [row] = await ledger.sql<{ n: number }[]>`
select count(*)::int as n from executor.jobs where series is not null or number is not null`
  assert.equal(row?.n, 80, 'the others have none')
})

it('a job is found by its number, and the answer to its submission has it', async () => {
  const body = JSON.stringify({ processId: 'echo', inputs, warren: { series: 'found' } })
  const submitted = await executor.submit({ body }, { principal: 'ann' })
  assert.deepEqual([submitted.series, submitted.number], ['found', 1])
  const found = await executor.findJob({ series: 'found', number: 1 }, { principal: 'ann' })
  assert.equal(found.id, submitted.id)
  assert.equal((await http(`/jobs/${found.id}`)).json<{ warren: { number: number } }>().warren.number, 1)
  await failure(executor.findJob({ series: 'found', number: 2 }, { principal: 'ann' }), 'NO_SUCH_JOB')
})

it('a synchronous run is numbered too, be it short or long', async () => {
  const warren = { series: 'waited' }
  assert.equal((await jobs.run('echo', inputs, { warren })).status, 200)
  assert.equal((await jobs.run('nap', { seconds: 0.3 }, { warren })).status, 200)
  const first = await executor.findJob({ series: 'waited', number: 1 }, { principal: 'local' })
  const second = await executor.findJob({ series: 'waited', number: 2 }, { principal: 'local' })
  assert.deepEqual([first.processId, first.mode], ['echo', 'sync'])
  assert.deepEqual([second.processId, second.mode], ['nap', 'sync'])
})

it('a request that is sent again keeps the number of its job', async () => {
  const body = JSON.stringify({ processId: 'echo', inputs, warren: { series: 'again' } })
  const options = { principal: 'ann', idempotencyKey: 'k1' }
  const first = await executor.submit({ body }, options)
  const again = await executor.submit({ body }, options)
  assert.deepEqual([again.id, again.number], [first.id, first.number])
})

it('jobs without a series do not wait for those that have one', async () => {
  await ledger.sql.begin(async (sql) => {
    await sql`lock table executor.series in access exclusive mode`
    assert.equal((await jobs.run('echo', inputs)).status, 200)
    await jobs.end(await jobs.submit('echo', inputs), 5_000)
  })
})

it('a listing has the jobs of a series only', async () => {
  const ids = [await submit('listed'), await submit('listed')]
  const { jobs: listed } = await executor.listJobs({ series: 'listed' }, { principal: 'local' })
  assert.deepEqual(
    listed.map(({ id, number }) => [id, number]),
    [
      [ids[1], 2],
      [ids[0], 1],
    ],
  )
})

it('somebody else finds neither the job nor its request; its owner reads what was asked, as it was written', async () => {
  const body = '{"processId":"echo","inputs":{"text":"hi"},"note":1.0,"warren":{"series":"mine"}}'
  const { id, number } = await executor.submit({ body }, { principal: 'ann' })
  assert.ok(number)
  for (const principal of ['bob', 'local']) {
    await failure(executor.findJob({ series: 'mine', number }, { principal }), 'NO_SUCH_JOB')
    await failure(executor.getRequest({ id }, { principal }), 'NO_SUCH_JOB')
    assert.deepEqual((await executor.listJobs({ series: 'mine' }, { principal })).jobs, [])
  }
  const asAdmin = { principal: 'root', roles: ['admin'] }
  assert.equal((await executor.findJob({ series: 'mine', number }, asAdmin)).id, id)
  assert.equal((await executor.getRequest({ id }, { principal: 'ann' })).body, body)
})

it('the name of a series is checked', async () => {
  const answer = await http('/processes/echo/execution', {
    method: 'POST',
    json: { inputs, warren: { series: 'Not One' } },
  })
  assert.equal(answer.status, 400)
  assert.equal(answer.json<{ errors: { pointer: string }[] }>().errors[0]?.pointer, '/warren/series')
})
