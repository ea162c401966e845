import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  client,
  type QueueSpec,
  callQueue,
  workQueue,
  deadQueue,
  hintQueue,
  instanceQueue,
  consume,
  emit,
  subscribe,
} from '@warren/mesh'
import type { ConsumeMessage } from 'amqplib'
import {
  ask,
  desk,
  failure,
  inspect,
  join,
  openRaw,
  queueState,
  recordingLog,
  serveDesk,
  until,
  useVirtualHost,
} from '../support/mesh.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const vhost = await useVirtualHost()
const raw = await openRaw(vhost.amqpUrl)
const mesh = await join('desk', vhost.amqpUrl)
await serveDesk(mesh, { find: async ({ fail }) => Promise.reject(fail('NO_SUCH_JOB', 'none', { retryAfter: 2 })) })

const headersOf = ({ properties }: ConsumeMessage): Record<string, unknown> => properties.headers ?? {}

it('answers the bare output to the bare input', async () => {
  const reply = await ask(raw, 'warren.rpc', 'desk', '{"text":"hi","more":1}', {
    type: 'desk.echo',
    correlationId: 'c1',
  })
  assert.equal(reply.content.toString(), '{"text":"hi"}')
  assert.deepEqual(headersOf(reply), {})
  const { type, correlationId, contentType, appId } = reply.properties as unknown as Record<string, unknown>
  assert.deepEqual(
    { type, correlationId, contentType, appId },
    { type: 'desk.echo', correlationId: 'c1', contentType: 'application/json', appId: mesh.name },
  )
})

it('needs no correlation id and no other property than the type, which may be a header', async () => {
  for (const options of [{ type: 'desk.echo' }, { headers: { type: 'desk.echo' } }]) {
    const reply = await ask(raw, 'warren.rpc', 'desk', '{"text":"hi"}', options)
    assert.equal(reply.content.toString(), '{"text":"hi"}')
  }
})

it('answers a failure with its code in a header and a problem for a body', async () => {
  const expected = {
    'desk.find {"id":"j1","count":0}': {
      type: 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job',
      title: 'There is no such job',
      status: 404,
      detail: 'none',
      code: 'NO_SUCH_JOB',
      retryAfter: 2,
    },
    'desk.nothing {}': {
      type: 'urn:warren:problem:unimplemented',
      title: 'The service has no such operation',
      status: 501,
      detail: '"desk.nothing" is no operation of rpc.desk',
      code: 'UNIMPLEMENTED',
    },
    'desk.echo {}': {
      type: 'urn:warren:problem:bad-input',
      title: 'The input does not fit the grammar',
      status: 400,
      detail: 'The input does not fit the grammar',
      code: 'BAD_INPUT',
    },
  }
  for (const [request, problem] of Object.entries(expected)) {
    const [type, body] = request.split(' ') as [string, string]
    const reply = await ask(raw, 'warren.rpc', 'desk', body, { type })
    const { errors, ...answered } = JSON.parse(reply.content.toString()) as Record<string, unknown>
    assert.deepEqual(answered, problem)
    assert.equal(errors !== undefined, problem.code === 'BAD_INPUT')
    assert.deepEqual(headersOf(reply), { error: problem.code })
    assert.equal(reply.properties.contentType, 'application/problem+json')
  }
})

it('sends what a call is about in properties and scalar headers', async () => {
  const { queue } = await raw.channel.assertQueue('', { exclusive: true })
  await raw.channel.bindQueue(queue, 'warren.rpc', 'desk')
  const messages: ConsumeMessage[] = []
  await raw.channel.consume(queue, (message) => message && messages.push(message), { noAck: true })
  const asking = await join('caller', vhost.amqpUrl)
  await client(desk, asking).echo(
    { text: 'hi' },
    { messageId: 'm1', principal: 'ann', roles: ['a', 'b'], traceparent, deadlineMs: 1_000 },
  )
  await failure(client(desk, asking).find({ id: 'j', count: 0 }), 'NO_SUCH_JOB')
  const [message] = await until('both came', () => messages.length === 2 && (messages as [ConsumeMessage]))
  assert.equal(message.content.toString(), '{"text":"hi"}')
  const { deadline, ...others } = headersOf(message)
  assert.deepEqual(others, { principal: 'ann', roles: 'a,b', traceparent })
  assert.equal(typeof deadline, 'number')
  const { type, messageId, correlationId, appId, userId, contentType, timestamp, expiration, replyTo } =
    message.properties as unknown as Record<string, string>
  assert.deepEqual(
    { type, messageId, appId, userId, contentType },
    {
      type: 'desk.echo',
      messageId: 'm1',
      appId: asking.name,
      userId: new URL(vhost.amqpUrl).username,
      contentType: 'application/json',
    },
  )
  assert.ok(correlationId && replyTo && Number(expiration) > 900 && Number(timestamp) > 1.7e9)
  for (const each of messages) {
    for (const [name, value] of Object.entries(headersOf(each))) {
      assert.ok(['string', 'number', 'boolean'].includes(typeof value), `${name} is ${typeof value}`)
      assert.ok(!name.startsWith('x-'), name)
    }
  }
})

it('tells a handler who asks, by which key and until when', async () => {
  const asking = await join('caller', vhost.amqpUrl)
  const seen: unknown[] = []
  const server = await serveDesk(mesh, {
    echo: async ({ input, principal, roles, key, messageId, traceparent }) => {
      seen.push({ principal, roles, key, messageId, traceparent })
      return input
    },
    look: async ({ input, principal, roles, deadline }) => (seen.push({ principal, roles, deadline }), input),
  })
  await mesh.servers.values().next().value?.close() // the one of the other tests
  const options = { messageId: 'm1', principal: 'ann', roles: ['a', 'b'], traceparent }
  await client(desk, asking).echo({ text: 'hi' }, options)
  await ask(raw, 'warren.rpc', 'desk', '{"text":""}', { type: 'desk.look' })
  assert.deepEqual(seen, [
    { principal: 'ann', roles: ['a', 'b'], key: 'desk', messageId: 'm1', traceparent },
    { principal: 'local', roles: [], deadline: Infinity },
  ])
  await server.close()
})

interface Declared {
  readonly name: string
  readonly durable: boolean
  readonly exclusive: boolean
  readonly auto_delete: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

it('declares what the topology says, and nothing else', async () => {
  const live = await subscribe(mesh, () => {}, { patterns: ['#'] })
  const durable = await subscribe(mesh, () => {}, { patterns: ['#'], durable: 'topology', retryAfterMs: [60] })
  const server = await serveDesk(mesh)
  const hints = consume(mesh.consuming, {
    queue: hintQueue('jobs.topology'),
    prefetch: 1,
    log: recordingLog(),
    onDelivery() {},
  })
  await Promise.all([live.up, durable.up, hints.up])
  const queues = await until('the broker knows them', async () => {
    const found = await inspect<Declared[]>(`/api/queues/${vhost.name}`)
    return (
      ['rpc.desk', 'events.topology', 'jobs.topology'].every((name) => found.some((queue) => queue.name === name)) &&
      found
    )
  })
  const limits = { 'x-max-length': 10_000, 'x-overflow': 'drop-head' }
  const expected: Record<string, { durable: boolean; exclusive: boolean; arguments: Record<string, unknown> }> = {
    'rpc.': {
      durable: true,
      exclusive: false,
      arguments: {
        'x-queue-type': 'classic',
        'x-max-length': 2_000,
        'x-overflow': 'reject-publish',
        'x-expires': 5_000,
      },
    },
    'events.': {
      durable: true,
      exclusive: false,
      arguments: {
        'x-queue-type': 'quorum',
        'x-max-length': 100_000,
        'x-overflow': 'reject-publish',
        'x-delivery-limit': 20,
        'x-dead-letter-exchange': 'warren.dead',
        'x-dead-letter-routing-key': 'events.topology',
        'x-dead-letter-strategy': 'at-least-once',
      },
    },
    'control.': { durable: false, exclusive: true, arguments: { 'x-queue-type': 'classic', ...limits } },
    'live.': { durable: false, exclusive: true, arguments: { 'x-queue-type': 'classic', ...limits } },
    'jobs.': {
      durable: true,
      exclusive: false,
      arguments: {
        'x-queue-type': 'classic',
        'x-max-length': 1_000,
        'x-overflow': 'drop-head',
        'x-expires': 3_600_000,
      },
    },
    dead: { durable: true, exclusive: false, arguments: { 'x-queue-type': 'classic' } },
    notify: { durable: true, exclusive: false, arguments: { 'x-queue-type': 'classic' } },
    'wait.': {
      durable: true,
      exclusive: false,
      arguments: {
        'x-queue-type': 'quorum',
        'x-message-ttl': 60,
        'x-overflow': 'reject-publish',
        'x-dead-letter-exchange': 'warren.requeue',
        'x-dead-letter-strategy': 'at-least-once',
      },
    },
  }
  for (const queue of queues.filter(({ name }) => !name.startsWith('amq.'))) {
    const kind = Object.keys(expected).find((prefix) => queue.name.startsWith(prefix))
    assert.ok(kind, queue.name)
    const { durable, exclusive } = queue
    assert.deepEqual({ durable, exclusive, arguments: queue.arguments }, expected[kind], queue.name)
    assert.equal(queue.auto_delete, false)
  }
  const exchanges = await inspect<{ name: string; type: string; durable: boolean }[]>(`/api/exchanges/${vhost.name}`)
  assert.deepEqual(
    Object.fromEntries(
      exchanges.filter(({ name }) => name.startsWith('warren.')).map(({ name, type }) => [name, type]),
    ),
    {
      'warren.rpc': 'direct',
      'warren.execute': 'direct',
      'warren.describe': 'direct',
      'warren.jobs': 'direct',
      'warren.control': 'topic',
      'warren.events': 'topic',
      'warren.facts': 'fanout',
      'warren.stream': 'direct',
      'warren.notify': 'direct',
      'warren.wait': 'headers',
      'warren.requeue': 'direct',
      'warren.dead': 'topic',
    },
  )
  await Promise.all([live.close(), durable.close(), hints.close(), server.close()])
})

it('is the same whoever declares it first', async () => {
  const specs: QueueSpec[] = [
    callQueue('both.calls'),
    workQueue('both.work'),
    deadQueue,
    hintQueue('both.hints'),
    instanceQueue('both.instance'),
  ]
  for (const queue of specs) {
    for (let twice = 0; twice < 2; twice++) {
      const consumer = consume(mesh.consuming, { queue, prefetch: 1, log: recordingLog(), onDelivery() {} })
      await consumer.up
      await consumer.close()
    }
  }
  assert.ok(await queueState(raw, 'both.work'))
})

it('hands events on to MQTT: every topic reaches amq.topic', async () => {
  const { queue } = await raw.channel.assertQueue('', { exclusive: true })
  await raw.channel.bindQueue(queue, 'amq.topic', 'desk.*.said')
  await emit(mesh, desk.events.said, { id: 'mqtt', text: '' })
  const message = await until('it is there', () => raw.channel.get(queue, { noAck: true }))
  assert.equal(message.fields.routingKey, 'desk.mqtt.said')
  assert.equal(message.properties.contentType, 'application/cloudevents+json')
})
