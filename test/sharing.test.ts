import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { createHttp } from './support/http.ts'
import { jobsOf, openLedger, type Jobs, type Ledger } from './support/jobs.ts'
import { startStack, type Stack } from './support/stack.ts'
import { eventually } from './support/wait.ts'

// Two executors with two slots each share the work, whoever accepted it.

const NAP_S = 0.5
let stack: Stack
let jobs: Jobs
let ledger: Ledger

before(async () => {
  stack = await startStack({
    executors: ['executor-a', 'executor-b'],
    processes: [join(import.meta.dirname, 'processes')],
    slots: 2,
  })
  jobs = jobsOf(await createHttp(stack.url))
  ledger = openLedger(stack.databaseUrl)
  await eventually('a warm runner in each slot', 20_000, async () => {
    await Promise.all(Array.from({ length: 8 }, () => jobs.run('nap', { seconds: 0.2 })))
    return (await executors()).length === 2
  })
})

after(async () => {
  await ledger?.close()
  await stack?.close()
})

const submitMany = (count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => jobs.submit('nap', { seconds: NAP_S })))

/** How many jobs each executor has finished. */
async function executors(ids?: readonly string[]): Promise<number[]> {
  const rows = await ledger.sql<{ n: number }[]>`
select count(*)::int as n from executor.jobs
where state = 'successful' and (${ids === undefined} or id = any(${[...(ids ?? [])]}))
group by executor_id`
  return rows.map(({ n }) => n)
}

async function shares(ids: readonly string[], ms: number): Promise<number[]> {
  const all = (counts: number[]): boolean => counts.reduce((sum, n) => sum + n, 0) === ids.length
  return eventually(
    `${ids.length} jobs successful`,
    ms,
    () => executors(ids).then((counts) => all(counts) && counts),
    20,
  )
}

it('40 jobs of 0.5 s, accepted by both: about 5 s, not 10', async (t) => {
  const since = performance.now()
  const counts = await shares(await submitMany(40), 20_000)
  const seconds = (performance.now() - since) / 1_000
  t.diagnostic(`${seconds.toFixed(2)} s, ${counts.join(' + ')}`)
  assert.ok(seconds < 7.5, `${seconds} s`)
  assert.ok(counts.length === 2 && Math.min(...counts) >= 12, counts.join(' + '))
})

it('8 waiting calls of 0.5 s: less than 2 s', async (t) => {
  const rounds: number[] = []
  for (let round = 0; round < 5; round++) {
    const since = performance.now()
    const answers = await Promise.all(Array.from({ length: 8 }, () => jobs.run('nap', { seconds: NAP_S })))
    rounds.push((performance.now() - since) / 1_000)
    for (const { status, text } of answers) assert.equal(status, 200, text)
  }
  t.diagnostic(`${rounds.map((seconds) => seconds.toFixed(2)).join(', ')} s`)
  // an executor may take one call too many, which then waits for half a second
  assert.ok(Math.max(...rounds) < 1.9, rounds.join(', '))
})

it('40 jobs that one accepted alone: the other takes its share as soon as it is there', async (t) => {
  await stack.signal('executor-b', 'SIGTERM')
  const since = performance.now()
  const ids = await submitMany(40)
  stack.start('executor-b')
  const counts = await shares(ids, 20_000)
  const seconds = (performance.now() - since) / 1_000
  t.diagnostic(`${seconds.toFixed(2)} s, ${counts.join(' + ')}`)
  assert.ok(seconds < 8.5, `${seconds} s`)
  assert.ok(counts.length === 2 && Math.min(...counts) >= 8, counts.join(' + '))
})
