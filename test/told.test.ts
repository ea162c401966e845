import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { joinMesh, subscribe, type CloudEvent } from '@warren/mesh'
import { recordingLog } from './support/mesh.ts'
import { startPlatform } from './support/platform.ts'
import { readSse } from './support/sse.ts'
import { eventually } from './support/wait.ts'

// A process tells something of its own: who listens hears it at once, and nobody is flooded.

const nowhere = 'http://127.0.0.1:9'
const { stack, http, jobs, ledger } = await startPlatform({
  processes: [join(import.meta.dirname, 'processes')],
  env: { WEBHOOK_ALLOW: nowhere },
})
const mesh = joinMesh('test', 'listener', stack.amqpUrl, recordingLog())
after(() => mesh.close())

interface Told {
  readonly jobId: string
  readonly processId: string
  readonly owner: string
  readonly attempt: number
  readonly name: string
  readonly data: unknown
}

it('reaches subscribers bounded in number, the newest of each name, and the last before the end', async () => {
  const heard: { readonly event: CloudEvent<Told>; readonly topic: string }[] = []
  const hear = (event: CloudEvent, topic: string): void => void heard.push({ event: event as CloudEvent<Told>, topic })
  const subscription = await subscribe(mesh, hear, { patterns: ['job.teller.#'] })
  await subscription.up
  const webhook = await http('/subscriptions', { method: 'POST', json: { url: nowhere, patterns: ['job.#'] } })
  assert.equal(webhook.status, 201)
  const id = await jobs.submit('teller', { seconds: 1 })
  const feed = await readSse(`${stack.url}/jobs/${id}/events`)
  await jobs.end(id)
  await eventually('the end', 5_000, () => heard.some(({ topic }) => topic === `job.teller.${id}.successful`))

  const told = heard.filter(({ topic }) => topic === `job.teller.${id}.told`)
  const [first] = told
  assert.deepEqual(first?.event.data, {
    jobId: id,
    processId: 'teller',
    attempt: 1,
    owner: 'local',
    name: 'once',
    data: { list: [1.5, null, 'ä'] },
  })
  assert.equal(first.event.type, 'warren.executor.jobTold')
  assert.equal(first.event.sequence, undefined, 'it has no place among the events that are stored')
  assert.ok(told.every(({ event }) => event.data.name !== 'long'))
  const counts = told.filter(({ event }) => event.data.name === 'count').map(({ event }) => event.data.data as number)
  assert.ok(counts.length >= 10 && counts.length <= 23, `${counts.length} in a second`)
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  )
  const { told: all } = (await http(`/jobs/${id}/results`)).json<{ told: number }>()
  assert.equal(counts.at(-1), all)
  assert.ok(
    heard.findLastIndex(({ topic }) => topic.endsWith('told')) <
      heard.findIndex(({ topic }) => topic.endsWith('successful')),
  )

  await feed.end()
  assert.ok(
    feed.frames().every((frame) => !frame.includes('jobTold')),
    'the feed has what is stored',
  )
  const rows = await ledger.sql`select event from executor.events where job_id = ${id} and event = 'jobTold'`
  assert.equal(rows.length, 0)
  const deliveries = () => ledger.sql<{ type: string }[]>`
select event_type as type from notifier.deliveries where job_id = ${id}`
  await eventually('the end', 5_000, async () => (await deliveries()).some(({ type }) => type.endsWith('Successful')))
  assert.ok(
    (await deliveries()).every(({ type }) => !type.endsWith('Told')),
    'webhooks are not told',
  )
})

it('a job that has ended can be closed, which it shows from then on, and no other', async () => {
  const control = (id: string) => http(`/jobs/${id}/control`, { method: 'POST', json: { action: 'close' } })
  const id = await jobs.submit('teller', { seconds: 2 })
  assert.equal((await control(id)).status, 409)
  await jobs.end(id)
  for (let times = 0; times < 2; times++) {
    const answer = await control(id)
    const { status, warren } = answer.json<{ status: string; warren: { desired: string } }>()
    assert.deepEqual([answer.status, status, warren.desired], [200, 'successful', 'stop'])
  }
  assert.equal((await http(`/jobs/${id}/results`)).status, 200)
})
