import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { headers } from '@warren/contracts'
import { callQueue, client, declareQueue } from '@warren/mesh'
import type { ConsumeMessage } from 'amqplib'
import {
  defineDesk,
  desk,
  failure,
  gate,
  hearCancel,
  inspect,
  join,
  openRaw,
  queueState,
  serveDesk,
  timed,
  until,
  useTcpProxy,
  useVirtualHost,
} from '../support/mesh.ts'

const vhost = await useVirtualHost()
const raw = await openRaw(vhost.amqpUrl)
const callerMesh = await join('caller', vhost.amqpUrl)
const calleeMesh = await join('callee', vhost.amqpUrl)

/** A queue of calls without a service, as one that just died leaves behind. */
async function declareCalls(service: string): Promise<void> {
  await declareQueue(raw.channel, callQueue(`rpc.${service}`, { exchange: 'warren.rpc', key: service }))
}

describe('a service that is not there', () => {
  it('is UNROUTABLE at once when there never was one', async () => {
    const caller = client(defineDesk('nobody'), callerMesh)
    const { value, ms } = await timed(() => failure(caller.echo({ text: 'hi' }), 'UNROUTABLE'))
    assert.ok(ms < 50, `${ms} ms`)
    assert.equal(value.details.retryAfter, 1)
    assert.equal(callerMesh.requester.pending(), 0)
  })

  it('is UNROUTABLE at once when it was closed', async () => {
    const service = defineDesk('closed')
    const caller = client(service, callerMesh)
    const server = await serveDesk(calleeMesh, {}, { service })
    await caller.echo({ text: 'hi' })
    await server.close()
    const { ms } = await timed(() => failure(caller.echo({ text: 'hi' }), 'UNROUTABLE'))
    assert.ok(ms < 50, `${ms} ms`)
  })

  it('is UNROUTABLE soon when it was killed, at once from then on, and well again when it is back', async () => {
    const service = defineDesk('killed')
    const caller = client(service, callerMesh)
    const proxy = await useTcpProxy(vhost.amqpUrl)
    const mesh = await join('killed', proxy.url)
    const [held, started] = [gate(), gate()]
    await serveDesk(mesh, { echo: ({ input }) => (started.open(), held.opened.then(() => input)) }, { service })
    const during = timed(() => failure(caller.echo({ text: 'under way' }), 'UNROUTABLE'))
    await started.opened
    proxy.refuse(true)
    proxy.cut()
    await until('nobody consumes', async () => (await queueState(raw, 'rpc.killed'))?.consumerCount === 0)
    const after = timed(() => failure(caller.echo({ text: 'too late' }), 'UNROUTABLE'))
    for (const { ms } of await Promise.all([during, after])) assert.ok(ms < 2_200, `${ms} ms`)
    await until('its queue is gone', async () => !(await queueState(raw, 'rpc.killed')), 500)
    const { ms } = await timed(() => failure(caller.echo({ text: 'hi' }), 'UNROUTABLE'))
    assert.ok(ms < 50, `${ms} ms`)

    held.open()
    proxy.refuse(false)
    await until('it is back', () => mesh.status().broker === true, 10_000)
    assert.deepEqual(await caller.echo({ text: 'hi again' }), { text: 'hi again' })
  })

  it('leaves no queue behind when it was killed and nobody calls', async () => {
    const service = defineDesk('forgotten')
    const proxy = await useTcpProxy(vhost.amqpUrl)
    await serveDesk(await join('forgotten', proxy.url), {}, { service })
    proxy.refuse(true)
    proxy.cut()
    // a passive declaration would count as use
    const names = async () => (await inspect<{ name: string }[]>(`/api/queues/${vhost.name}`)).map(({ name }) => name)
    await until('its queue expires', async () => !(await names()).includes('rpc.forgotten'), 10_000)
  })
})

describe('too much', () => {
  it('is UNAVAILABLE when the queue of the service is full', async () => {
    await declareCalls('full')
    for (let n = 0; n < 2_000; n++) raw.channel.sendToQueue('rpc.full', Buffer.from('{}'))
    await until('it is full', async () => (await queueState(raw, 'rpc.full'))?.messageCount === 2_000)
    const { value, ms } = await timed(() =>
      failure(client(defineDesk('full'), callerMesh).echo({ text: 'hi' }), 'UNAVAILABLE'),
    )
    assert.ok(ms < 200, `${ms} ms`)
    assert.match(value.message, /full/)
    assert.equal(value.details.retryAfter, 1)
  })

  it('is UNAVAILABLE over the bound of calls under way, and the others are answered', async () => {
    const service = defineDesk('busy')
    const caller = client(service, callerMesh)
    const held = gate()
    const server = await serveDesk(
      calleeMesh,
      { echo: async ({ input }) => held.opened.then(() => input) },
      { service },
    )
    const calls = Array.from({ length: 2_000 }, (_, n) => caller.echo({ text: String(n) }))
    const { value, ms } = await timed(() => failure(caller.echo({ text: 'hi' }), 'UNAVAILABLE'))
    assert.ok(ms < 200, `${ms} ms`)
    assert.equal(value.details.retryAfter, 1)
    held.open()
    const answers = await Promise.all(calls)
    assert.ok(answers.every(({ text }, n) => text === String(n)))
    assert.equal(callerMesh.requester.pending(), 0)
    await server.close()
  })
})

describe('one deadline', () => {
  it('is the expiration and the header of the message, and the caller hears TIMEOUT then', async () => {
    await declareCalls('silent')
    const messages: ConsumeMessage[] = []
    await raw.channel.consume('rpc.silent', (message) => message && messages.push(message), { noAck: true })
    const before = Date.now()
    const call = client(defineDesk('silent'), callerMesh).echo({ text: 'hi' }, { deadlineMs: 300 })
    const { ms } = await timed(() => failure(call, 'TIMEOUT'))
    assert.ok(ms >= 295 && ms < 400, `${ms} ms`)
    const { properties } = messages[0] as ConsumeMessage
    const deadline = (properties.headers as Record<string, number>)[headers.deadline] as number
    assert.ok(Math.abs(deadline - (before + 300)) <= 20, `${deadline - before}`)
    assert.ok(Math.abs(Number(properties.expiration) - 300) <= 20, properties.expiration)
    assert.equal(callerMesh.requester.pending(), 0)
  })

  it('fires the signal of the callee', async () => {
    const service = defineDesk('slow')
    const aborted: { at: number; deadline: number; reason: string }[] = []
    const server = await serveDesk(
      calleeMesh,
      {
        echo: ({ signal, deadline }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              aborted.push({ at: Date.now(), deadline, reason: (signal.reason as Error).message })
              reject(signal.reason as Error)
            })
          }),
      },
      { service },
    )
    await failure(client(service, callerMesh).echo({ text: 'hi' }, { deadlineMs: 200 }), 'TIMEOUT')
    const [abort] = await until('the signal fires', () => aborted.length > 0 && (aborted as [(typeof aborted)[0]]))
    assert.ok(Math.abs(abort.at - abort.deadline) < 60, JSON.stringify(abort))
    assert.equal(abort.reason, 'the deadline passed')
    await server.close()
  })

  it('is over before it begins', async () => {
    const caller = client(desk, callerMesh)
    await failure(caller.echo({ text: 'hi' }, { deadline: Date.now() - 1 }), 'TIMEOUT')
  })

  it('only shrinks downstream', async () => {
    const [outer, inner] = [defineDesk('outer'), defineDesk('inner')]
    const seen: Record<string, number> = {}
    const servers = [
      await serveDesk(
        calleeMesh,
        {
          echo: async ({ input, deadline }) => {
            seen['outer'] = deadline
            return client(inner, calleeMesh).echo(input, { deadline })
          },
          // a deadline of its own that is shorter counts
          look: async ({ input, deadline }) => client(inner, calleeMesh).echo(input, { deadline, deadlineMs: 100 }),
        },
        { service: outer },
      ),
      await serveDesk(
        calleeMesh,
        { echo: async ({ input, deadline }) => ((seen['inner'] = deadline), input) },
        { service: inner },
      ),
    ]
    const before = Date.now()
    await client(outer, callerMesh).echo({ text: 'hi' }, { deadlineMs: 700 })
    assert.equal(seen['inner'], seen['outer'])
    assert.ok((seen['inner'] as number) <= before + 720)
    await client(outer, callerMesh).look({ text: 'hi' }, { deadlineMs: 700 })
    assert.ok((seen['inner'] as number) <= Date.now() + 100)
    await Promise.all(servers.map((server) => server.close()))
  })
})

describe('a caller that goes away', () => {
  it('hears CANCELLED, and the signal of the callee fires', async () => {
    const service = defineDesk('cancelled')
    const [started, finished] = [gate(), gate()]
    let reason = ''
    await serveDesk(
      await join(service.name, vhost.amqpUrl),
      {
        echo: async ({ input, signal }) => {
          signal.addEventListener('abort', () => {
            reason = (signal.reason as Error).message
            finished.open()
          })
          started.open()
          await finished.opened
          return input
        },
      },
      { service },
    )
    const caller = client(service, callerMesh)
    const leaving = new AbortController()
    const call = failure(caller.echo({ text: 'hi' }, { signal: leaving.signal }), 'CANCELLED')
    await started.opened
    leaving.abort()
    await call
    const { ms } = await timed(() => until('the signal fires', () => reason !== ''))
    assert.ok(ms < 100, `${ms} ms`)
    assert.equal(reason, 'the caller went away')
    assert.equal(callerMesh.requester.pending(), 0)
    await failure(caller.echo({ text: 'hi' }, { signal: leaving.signal }), 'CANCELLED')
  })

  it('fires the signal of a callee that asks for it afterwards', async () => {
    const service = defineDesk('afterwards')
    const mesh = await join(service.name, vhost.amqpUrl)
    const started = gate()
    const cancelled = gate()
    let aborted: boolean | undefined
    const echo: NonNullable<Parameters<typeof serveDesk>[1]>['echo'] = async (call) => {
      started.open()
      await cancelled.opened
      aborted = call.signal.aborted
      return call.input
    }
    await serveDesk(mesh, { echo }, { service })
    const told = await hearCancel(raw, service.name)
    const leaving = new AbortController()
    const call = failure(client(service, callerMesh).echo({ text: 'hi' }, { signal: leaving.signal }), 'CANCELLED')
    await started.opened
    leaving.abort()
    await call
    await until('the instance has heard', () => mesh.cancelled.has(told.id))
    cancelled.open()
    await until('it asks', () => aborted !== undefined)
    assert.equal(aborted, true)
  })
})

describe('a call whose connection was lost', () => {
  it('is sent again under the same id when it is idempotent or has a key, and not otherwise', async () => {
    const service = defineDesk('twice')
    const seen: { type: string; messageId: string; idempotencyKey: string | undefined }[] = []
    const held = gate()
    type Noted = { input: { text: string }; messageId: string; idempotencyKey: string | undefined }
    const note = (type: string) => async (call: Noted) => {
      seen.push({ type, messageId: call.messageId, idempotencyKey: call.idempotencyKey })
      if (seen.length <= 3) await held.opened // those of the first round
      return call.input
    }
    const server = await serveDesk(calleeMesh, { echo: note('echo'), look: note('look') }, { service })
    const proxy = await useTcpProxy(vhost.amqpUrl)
    const mesh = await join('caller', proxy.url)
    const caller = client(service, mesh)
    const echo = failure(caller.echo({ text: 'once' }), 'PEER_LOST')
    const look = caller.look({ text: 'twice' }, { messageId: 'one-intent' })
    const keyed = caller.echo({ text: 'keyed' }, { messageId: 'other-intent', idempotencyKey: 'k 1' })
    await until('all are under way', () => seen.length === 3)
    proxy.cut(`${mesh.name} calls`)
    await echo
    assert.deepEqual(await look, { text: 'twice' })
    assert.deepEqual(await keyed, { text: 'keyed' })
    held.open()
    assert.deepEqual(
      seen.filter(({ type }) => type === 'look').map(({ messageId }) => messageId),
      ['one-intent', 'one-intent'],
    )
    assert.deepEqual(
      seen.filter(({ type, idempotencyKey }) => type === 'echo' && idempotencyKey !== undefined),
      [1, 2].map(() => ({ type: 'echo', messageId: 'other-intent', idempotencyKey: 'k 1' })),
    )
    assert.equal(seen.filter(({ type, idempotencyKey }) => type === 'echo' && idempotencyKey === undefined).length, 1)
    assert.equal(mesh.requester.pending(), 0)
    await server.close()
  })

  it('is told so when its caller closes', async () => {
    const service = defineDesk('closing')
    const held = gate()
    const server = await serveDesk(
      calleeMesh,
      { look: async ({ input }) => held.opened.then(() => input) },
      { service },
    )
    const mesh = await join('caller', vhost.amqpUrl)
    const call = failure(client(service, mesh).look({ text: 'hi' }), 'UNAVAILABLE')
    await mesh.close()
    const { ms } = await timed(() => call)
    assert.ok(ms < 200, `${ms} ms`)
    held.open()
    await server.close()
  })
})
