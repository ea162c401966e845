import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { it } from 'node:test'
import { headers, WarrenError } from '@warren/contracts'
import { client } from '@warren/mesh'
import {
  ask,
  defineDesk,
  failure,
  gate,
  hearCancel,
  join,
  openRaw,
  queueState,
  serveDesk,
  until,
  useVirtualHost,
  type LogEntry,
} from '../support/mesh.ts'

const vhost = await useVirtualHost()
const raw = await openRaw(vhost.amqpUrl)
const callerMesh = await join('caller', vhost.amqpUrl)
const entries: LogEntry[] = []
const calleeMesh = await join('callee', vhost.amqpUrl, entries)

it('refuses an input that does not fit, and says where', async () => {
  const service = defineDesk('input')
  const handled: unknown[] = []
  const server = await serveDesk(
    calleeMesh,
    { find: async ({ input }) => (handled.push(input), { text: '' }) },
    { service },
  )
  const error = await failure(client(service, callerMesh).find({ id: 'not an id', count: 101 }), 'BAD_INPUT')
  assert.deepEqual(error.details.errors?.map(({ pointer }) => pointer).toSorted(), ['/count', '/id'])
  const type = 'input.find'
  for (const body of ['{}', 'null', '[1]', '{', '']) {
    const reply = await ask(raw, 'warren.rpc', 'input', body, { type })
    assert.equal(reply.properties.headers?.[headers.error], 'BAD_INPUT', body)
  }
  assert.deepEqual(handled, [])
  await server.close()
})

it('has no other operations than its own', async () => {
  const service = defineDesk('small')
  const server = await serveDesk(calleeMesh, {}, { service })
  for (const type of ['small.other', 'input.find', '__proto__', 'constructor', '']) {
    const reply = await ask(raw, 'warren.rpc', 'small', '{}', { type })
    assert.equal(reply.properties.headers?.[headers.error], 'UNIMPLEMENTED', type)
  }
  await server.close()
})

it('answers INTERNAL to what its handler did not foresee, and the log has the cause', async () => {
  const service = defineDesk('broken')
  const secret = 'SELECT * FROM secrets'
  const server = await serveDesk(
    calleeMesh,
    {
      echo: () => Promise.reject(new Error(secret)),
      // no promise at all
      look: () => {
        throw new TypeError(secret)
      },
      // not what the operation declares
      find: ({ input: { id } }) =>
        id === 'undeclared' ? Promise.reject(new WarrenError('NO_SUCH_PROCESS', secret)) : ({ wrong: secret } as never),
    },
    { service },
  )
  const caller = client(service, callerMesh)
  const calls = {
    'a rejection': () => caller.echo({ text: '' }),
    'a throw': () => caller.look({ text: '' }),
    'an undeclared code': () => caller.find({ id: 'undeclared', count: 0 }),
    'an output that does not fit': () => caller.find({ id: 'misfit', count: 0 }),
  }
  for (const [what, call] of Object.entries(calls)) {
    const error = await failure(call(), 'INTERNAL')
    const { supportId } = error.details.more as { supportId: string }
    assert.ok(supportId, what)
    assert.ok(error.message.includes(supportId), what)
    assert.ok(!JSON.stringify([error.message, error.details]).includes(secret), what)
    const logged = entries.filter(({ fields }) => fields['supportId'] === supportId)
    assert.equal(logged.length, 1, what)
    assert.equal(logged[0]?.level, 'error')
    assert.ok(logged[0]?.fields['err'] instanceof Error)
  }
  await server.close()
})

it('passes on the errors that the operation declares, and those of libraries that were translated', async () => {
  const service = defineDesk('declared')
  const server = await serveDesk(
    calleeMesh,
    {
      find: ({ input: { id }, fail }) =>
        Promise.reject(fail('NO_SUCH_JOB', `no job ${id}`, { more: { id }, retryAfter: 3 })),
      echo: () => Promise.reject(new Error('ECONNREFUSED')),
    },
    {
      service,
      translate: (error) => ((error as Error).message === 'ECONNREFUSED' ? new WarrenError('UNAVAILABLE') : undefined),
    },
  )
  const caller = client(service, callerMesh)
  const { message, details } = await failure(caller.find({ id: 'j1', count: 0 }), 'NO_SUCH_JOB')
  assert.equal(message, 'no job j1')
  assert.equal(details.retryAfter, 3)
  assert.equal(details.more?.['id'], 'j1')
  await failure(caller.echo({ text: '' }), 'UNAVAILABLE')
  await server.close()
})

it('drains: what was taken is answered, and the queue goes', async () => {
  const service = defineDesk('draining')
  const held = gate()
  const server = await serveDesk(calleeMesh, { echo: async ({ input }) => held.opened.then(() => input) }, { service })
  const caller = client(service, callerMesh)
  const calls = Array.from({ length: 50 }, (_, n) => caller.echo({ text: String(n) }))
  await until('all were taken', async () => (await queueState(raw, 'rpc.draining'))?.messageCount === 0)
  let closed = false
  const closing = server.close().then(() => (closed = true))
  await until('the intake has stopped', async () => (await queueState(raw, 'rpc.draining'))?.consumerCount === 0)
  // as often as it would take to end, if it did not wait
  for (let n = 0; n < 20; n++) assert.ok(await queueState(raw, 'rpc.draining'))
  assert.equal(closed, false)
  held.open()
  assert.deepEqual(
    (await Promise.all(calls)).map(({ text }) => text),
    calls.map((_, n) => String(n)),
  )
  await closing
  assert.equal(await queueState(raw, 'rpc.draining'), undefined)
})

it('drains under way: one instance leaves, the other goes on, and no call is lost', async () => {
  const service = defineDesk('rolling')
  const otherMesh = await join('callee', vhost.amqpUrl)
  const leaving = await serveDesk(calleeMesh, { echo: async ({ input }) => wait(2, input) }, { service })
  const staying = await serveDesk(otherMesh, { echo: async ({ input }) => wait(2, input) }, { service })
  const caller = client(service, callerMesh)
  const calls = Array.from({ length: 600 }, (_, n) => caller.echo({ text: String(n) }))
  await calls[50]
  await leaving.close()
  assert.ok((await Promise.all(calls)).every(({ text }, n) => text === String(n)))
  assert.deepEqual(await caller.echo({ text: 'still there' }), { text: 'still there' })
  await staying.close()
})

it('shares the calls of a service between its instances', async () => {
  const service = defineDesk('shared')
  const otherMesh = await join('callee', vhost.amqpUrl)
  const counts = { one: 0, other: 0 }
  const servers = [
    await serveDesk(calleeMesh, { echo: async ({ input }) => (counts.one++, input) }, { service, prefetch: 5 }),
    await serveDesk(otherMesh, { echo: async ({ input }) => (counts.other++, input) }, { service, prefetch: 5 }),
  ]
  const caller = client(service, callerMesh)
  await Promise.all(Array.from({ length: 200 }, (_, n) => caller.echo({ text: String(n) })))
  assert.equal(counts.one + counts.other, 200)
  assert.ok(Math.min(counts.one, counts.other) > 20, JSON.stringify(counts))
  await Promise.all(servers.map((server) => server.close()))
})

it('takes a message that wants no answer, and settles it', async () => {
  const service = defineDesk('quiet')
  const handled: string[] = []
  const server = await serveDesk(
    calleeMesh,
    { echo: async ({ input }) => (handled.push(input.text), input) },
    { service },
  )
  raw.channel.publish('warren.rpc', 'quiet', Buffer.from('{"text":"hi"}'), { type: 'quiet.echo' })
  raw.channel.publish('warren.rpc', 'quiet', Buffer.from('{}'), { type: 'quiet.echo' })
  await until('it was handled', () => handled.length === 1)
  await server.close()
  assert.equal(await queueState(raw, 'rpc.quiet'), undefined, 'nothing was left, so the queue is gone')
})

it('does not handle a call that nobody waits for any more', async () => {
  const service = defineDesk('over')
  const mesh = await join(service.name, vhost.amqpUrl)
  const handled: string[] = []
  const held = gate()
  await serveDesk(
    mesh,
    { echo: async ({ input }) => (handled.push(input.text), input.text === 'first' && (await held.opened), input) },
    { service, prefetch: 1 },
  )
  const caller = client(service, callerMesh)
  const first = caller.echo({ text: 'first' })
  await until('it is busy', () => handled.length === 1)
  const leaving = new AbortController()
  const cancelled = failure(caller.echo({ text: 'cancelled' }, { signal: leaving.signal }), 'CANCELLED')
  // the broker drops what has expired in the queue; this one has no expiration, only a deadline
  const expired = { type: 'over.echo', headers: { [headers.deadline]: Date.now() - 1 } }
  raw.channel.publish('warren.rpc', 'over', Buffer.from('{"text":"expired"}'), expired)
  await until('both wait', async () => (await queueState(raw, 'rpc.over'))?.messageCount === 2)
  const told = await hearCancel(raw, service.name)
  leaving.abort()
  await cancelled
  await until('the instance has heard', () => mesh.cancelled.has(told.id))
  held.open()
  assert.deepEqual(await first, { text: 'first' })
  assert.deepEqual(await caller.echo({ text: 'last' }), { text: 'last' })
  assert.deepEqual(handled, ['first', 'last'])
})
