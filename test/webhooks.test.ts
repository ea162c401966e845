import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import type { Delivery, ParkedMessage } from '@warren/contracts'
import { HTTP, type CloudEvent } from 'cloudevents'
import { connect } from 'amqplib'
import { createHttp, type Answer, type Http } from './support/http.ts'
import { jobsOf, openLedger, type Jobs, type Ledger, type Status } from './support/jobs.ts'
import { startReceiver, verified, type Receiver } from './support/receiver.ts'
import { startStack, type Stack } from './support/stack.ts'
import { eventually } from './support/wait.ts'

// Webhooks as their receivers see them: the whole stack, asked over HTTP.

let stack: Stack
let http: Http
let jobs: Jobs
let ledger: Ledger
let receiver: Receiver
let status = 200

before(async () => {
  receiver = await startReceiver(() => ({ status }))
  stack = await startStack({
    processes: [join(import.meta.dirname, '../processes'), join(import.meta.dirname, 'processes')],
    env: { WEBHOOK_ALLOW: receiver.url, WEBHOOK_RETRY_MS: '100,200,400,800,1600,3200' },
  })
  http = await createHttp(stack.url)
  jobs = jobsOf(http)
  ledger = openLedger(stack.databaseUrl)
})

after(async () => {
  await ledger?.close()
  await stack?.close()
  await receiver?.close()
})

const post = (path: string, json?: object): Promise<Answer> => http(path, { method: 'POST', ...(json && { json }) })

interface Subscribed {
  readonly id: string
  readonly secret: string
}

async function subscribe(path: string, patterns: string[]): Promise<Subscribed> {
  const answer = await post('/subscriptions', { url: receiver.url + path, patterns })
  assert.equal(answer.status, 201, answer.text)
  return answer.json<Subscribed>()
}

async function submit(processId: string, inputs: object, subscriber: object): Promise<string> {
  const json = { inputs, subscriber }
  const answer = await http(`/processes/${processId}/execution`, {
    method: 'POST',
    json,
    headers: { prefer: 'respond-async' },
  })
  assert.equal(answer.status, 201, answer.text)
  return answer.json<Status>().jobID
}

const bodies = (path: string): Record<string, unknown>[] =>
  receiver.at(path).map(({ body }) => JSON.parse(body) as Record<string, unknown>)

const deliveries = async (query: string): Promise<Delivery[]> =>
  (await http(`/deliveries?${query}`)).json<{ deliveries: Delivery[] }>().deliveries

/** The secret of the installation is in the database, for those who run it. */
async function installationSecret(): Promise<string> {
  const [row] = await ledger.sql<{ value: string }[]>`select value from notifier.settings where key = 'webhook-secret'`
  return row?.value ?? ''
}

it('a standing subscription hears of the jobs that it named, in CloudEvents that the libraries accept', async () => {
  const { id, secret } = await subscribe('/standing', ['job.echo.*.successful', 'job.echo.*.failed'])
  const [well, ill] = [await jobs.submit('echo', { text: 'hi' }), await jobs.submit('echo', { text: 'hi', fail: 'no' })]
  await eventually('both are heard of', 10_000, () => receiver.at('/standing').length === 2)
  const events = receiver.at('/standing').map((message) => {
    verified(secret, message)
    const event = HTTP.toEvent({ headers: message.headers, body: message.body }) as CloudEvent<{ jobId: string }>
    assert.ok(event.validate())
    assert.match(String(event['sequence']), /^\d{20}$/)
    return [event.data?.jobId, event.type, event.source]
  })
  assert.deepEqual(
    new Set(events.map(String)),
    new Set([
      `${well},warren.executor.jobSuccessful,/warren/executor`,
      `${ill},warren.executor.jobFailed,/warren/executor`,
    ]),
  )
  await eventually('the log says so', 5_000, async () => {
    return (await deliveries(`subscriptionId=${id}&state=delivered`)).length === 2
  })
  assert.equal((await deliveries(`jobId=${well}`)).length, 1)
  const listed = (await http('/subscriptions')).text
  assert.ok(listed.includes(id) && !listed.includes(secret))
  assert.equal((await http(`/subscriptions/${id}`, { method: 'DELETE' })).status, 204)
  assert.equal((await http(`/subscriptions/${id}`)).status, 404)
})

it('private receivers that are not allowed are refused', async () => {
  for (const url of ['http://10.0.0.1/', receiver.url.replace(/:\d+$/, ':9')]) {
    const answer = await post('/subscriptions', { url, patterns: ['#'] })
    assert.deepEqual([answer.status, answer.json()['code']], [400, 'BAD_INPUT'])
  }
})

it("a job's own subscriber gets its results, as they were printed", async () => {
  const subscriber = { successUri: `${receiver.url}/success`, failedUri: `${receiver.url}/not` }
  const id = await submit('numbers', { given: 3 }, subscriber)
  const [message] = await eventually('they come', 10_000, () => {
    const messages = receiver.at('/success')
    return messages.length > 0 && messages
  })
  assert.ok(message)
  const expected = '{"one":1.0,"large":12345678901234567890,"tenth":0.1,"given":3.0}'
  assert.equal(message.body.replaceAll(/\s/g, ''), expected)
  assert.equal(message.headers['content-type'], 'application/json')
  verified(await installationSecret(), message)
  const [delivery] = await eventually('the log says so', 5_000, async () => {
    const found = await deliveries(`jobId=${id}&state=delivered`)
    return found.length > 0 && found
  })
  assert.equal(delivery?.subscriptionId, null)
  assert.equal(receiver.at('/not').length, 0)
})

it("a job's own subscriber hears of its failure and of its progress, in status documents", async () => {
  const uris = { successUri: '/well', inProgressUri: '/progress', failedUri: '/failed' }
  const subscriber = Object.fromEntries(Object.entries(uris).map(([name, path]) => [name, receiver.url + path]))
  const id = await submit('echo', { text: 'hi', fail: 'on purpose' }, subscriber)
  await eventually('the failure is heard of', 10_000, () => bodies('/failed').length === 1)
  const [failed] = bodies('/failed')
  assert.deepEqual([failed?.['jobID'], failed?.['type'], failed?.['status']], [id, 'process', 'failed'])
  assert.equal((failed?.['exception'] as { code?: string } | undefined)?.code, 'PROCESS_FAILED')
  await eventually('its start is heard of', 10_000, () => bodies('/progress').some(({ jobID }) => jobID === id))

  const heat = await submit('heat', { points: 101, steps: 20_000 }, subscriber)
  await jobs.end(heat)
  await eventually('the success is heard of', 10_000, () => receiver.at('/well').length === 1)
  const progress = bodies('/progress').filter(({ jobID }) => jobID === heat)
  assert.ok(progress.length >= 1, JSON.stringify(progress))
  assert.equal(bodies('/failed').length, 1)
})

it('nothing is lost while the notifier is away, and each message is one delivery', async () => {
  const { id } = await subscribe('/restart', ['job.echo.*.successful'])
  status = 503
  const subscriber = { successUri: `${receiver.url}/own` }
  const first = await submit('echo', { text: 'first' }, subscriber)
  await eventually('tries fail', 10_000, () => receiver.at('/own').length > 0 && receiver.at('/restart').length > 0)
  await stack.signal('notifier', 'SIGKILL')
  const ids = [first]
  for (const text of ['second', 'third']) ids.push(await submit('echo', { text }, subscriber))
  await Promise.all(ids.map((id) => jobs.end(id)))
  status = 200
  stack.start('notifier')
  await stack.ready()
  const delivered = async () => (await deliveries('state=delivered')).filter(({ jobId }) => ids.includes(String(jobId)))
  // a try that was under way when it was killed is taken up when its lease ends
  await eventually('all are delivered', 40_000, async () => (await delivered()).length === 6, 200)
  for (const jobId of ids) {
    const own = await deliveries(`jobId=${jobId}`)
    assert.deepEqual(own.map(({ subscriptionId }) => subscriptionId ?? 'own').toSorted(), [id, 'own'].toSorted())
  }
  await http(`/subscriptions/${id}`, { method: 'DELETE' })
})

it('parked messages are listed, replayed and discarded over HTTP', async () => {
  const connection = await connect(stack.amqpUrl)
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('mine')
  for (const messageId of ['p1', 'p2']) channel.publish('warren.dead', 'mine', Buffer.from('{}'), { messageId })
  await channel.waitForConfirms()
  const listed = await eventually('they are listed', 5_000, async () => {
    const { messages } = (await http('/parked?queue=mine')).json<{ messages: ParkedMessage[] }>()
    return messages.length === 2 && messages
  })
  const [one, other] = listed
  // there is nothing to say in a body
  assert.equal((await post(`/parked/${one?.id}/replay`)).status, 202)
  assert.ok(await channel.get('mine', { noAck: true }))
  assert.equal((await http(`/parked/${other?.id}`, { method: 'DELETE' })).status, 204)
  assert.equal((await http(`/parked/${other?.id}`, { method: 'DELETE' })).status, 404)
  assert.deepEqual((await http('/parked')).json()['messages'], [])
  await connection.close()
})
