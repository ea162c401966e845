import assert from 'node:assert/strict'
import { it } from 'node:test'
import { directReplyTo, exchanges, frameHeaders, frameTypes, headers, queues } from '@warren/contracts'
import { fetchApp, serveHttp } from '@warren/mesh'
import { connect, type ConsumeMessage } from 'amqplib'
import { failure, join, openRaw, until, useVirtualHost } from '../support/mesh.ts'
import { manage } from '../support/stack.ts'
import { ask as get } from './support/bodies.ts'

const vhost = await useVirtualHost()
const caller = await join('caller', vhost.amqpUrl)

/** Answers requests by hand, with frames as they are told. */
async function forge(
  app: string,
  frames: readonly (readonly [type: string, s: number, more?: object, body?: string])[],
) {
  const { channel } = await openRaw(vhost.amqpUrl)
  await channel.consume(directReplyTo, () => {}, { noAck: true })
  const queue = queues.app(app)
  await channel.assertQueue(queue, { exclusive: true })
  await channel.bindQueue(queue, exchanges.stream, app)
  await channel.consume(
    queue,
    (message: ConsumeMessage | null) => {
      if (!message) return
      const { replyTo, correlationId } = message.properties as { replyTo: string; correlationId: string }
      for (const [type, s, more, body = ''] of frames) {
        channel.publish('', replyTo, Buffer.from(body), {
          type,
          correlationId,
          appId: 'forger',
          headers: { ...more, [frameHeaders.sequence]: s },
          ...(type === 'accept' && { replyTo: directReplyTo }),
        })
      }
    },
    { noAck: true },
  )
}

it('15. takes no answer of which frames are missing, doubled or out of order', async () => {
  const accept = [frameTypes.accept, 0] as const
  const head = [frameTypes.head, 1, { status: 200, fields: '[]', body: 'stream' }] as const
  const end = (s: number, count: number) => [frameTypes.end, s, { bytes: count }] as const
  await forge('whole', [accept, head, [frameTypes.body, 2, {}, 'ab'], [frameTypes.body, 3, {}, 'cd'], end(4, 4)])
  assert.equal(await (await fetchApp(caller, 'whole', get('/'))).text(), 'abcd')
  const broken = {
    missing: [accept, head, [frameTypes.body, 3, {}, 'cd'], end(4, 4)],
    doubled: [accept, head, [frameTypes.body, 2, {}, 'ab'], [frameTypes.body, 2, {}, 'ab'], end(3, 4)],
    swapped: [accept, head, [frameTypes.body, 3, {}, 'cd'], [frameTypes.body, 2, {}, 'ab'], end(4, 4)],
    short: [accept, head, [frameTypes.body, 2, {}, 'ab'], end(3, 4)],
  } as const
  for (const [name, frames] of Object.entries(broken)) {
    await forge(name, frames)
    const answer = fetchApp(caller, name, get('/')).then((response) => response.text())
    await failure(answer, 'DATA_LOSS')
  }
  await forge('flooded', [
    accept,
    head,
    ...Array.from({ length: 17 }, (_, i) => [frameTypes.body, 2 + i, {}, 'x'] as const),
  ])
  const flooded = await fetchApp(caller, 'flooded', get('/'))
  await until('nobody reads, and so it is over', () => caller.streams.size() === 0)
  await failure(flooded.text(), 'DATA_LOSS')
  await forge('headless', [accept, [frameTypes.head, 2, { status: 200, fields: '[]', body: 'none' }]])
  await failure(fetchApp(caller, 'headless', get('/')), 'DATA_LOSS')
})

it('15. gives an app no body of which frames are missing', async () => {
  const mesh = await join('app', vhost.amqpUrl)
  const read: (string | Error)[] = []
  await serveHttp(mesh, 'reader', async (request) => {
    const text = await request.text().catch((error: Error) => error)
    read.push(text)
    return new Response()
  }).up
  const { channel } = await openRaw(vhost.amqpUrl)
  const answers: ConsumeMessage[] = []
  await channel.consume(directReplyTo, (message) => void (message && answers.push(message)), { noAck: true })
  const upload = async (
    id: string,
    frames: readonly (readonly [type: string, s: number, more?: object, body?: string])[],
  ) => {
    answers.length = 0
    channel.publish(exchanges.stream, 'reader', Buffer.alloc(0), {
      type: frameTypes.req,
      correlationId: id,
      replyTo: directReplyTo,
      headers: {
        [frameHeaders.sequence]: 0,
        [frameHeaders.method]: 'POST',
        [frameHeaders.body]: 'stream',
        [frameHeaders.credit]: 16,
        [headers.deadline]: Date.now() + 5_000,
      },
    })
    const accept = await until('it is accepted', () => answers.find(({ properties }) => properties.type === 'accept'))
    for (const [type, s, more, body = ''] of frames) {
      channel.publish('', accept.properties.replyTo as string, Buffer.from(body), {
        type,
        correlationId: id,
        headers: { ...more, [frameHeaders.sequence]: s },
      })
    }
    return until('it has read', () => read.shift())
  }
  assert.equal(
    await upload('a', [
      [frameTypes.body, 1, {}, 'ab'],
      [frameTypes.end, 2, { bytes: 2 }],
    ]),
    'ab',
  )
  for (const frames of [
    [
      [frameTypes.body, 2, {}, 'cd'],
      [frameTypes.end, 3, { bytes: 4 }],
    ],
    [
      [frameTypes.body, 1, {}, 'ab'],
      [frameTypes.body, 1, {}, 'ab'],
      [frameTypes.end, 2, { bytes: 4 }],
    ],
    [
      [frameTypes.body, 1, {}, 'ab'],
      [frameTypes.end, 2, { bytes: 4 }],
    ],
  ] as const) {
    const seen = await upload(`b${frames.length}-${frames[0][1]}`, frames)
    assert.equal((seen as { code?: string }).code, 'DATA_LOSS', String(seen))
    const answer = await until('it is told', () => answers.find(({ properties }) => properties.type === 'fail'))
    assert.equal((JSON.parse(answer.content.toString()) as { code: string }).code, 'DATA_LOSS')
  }
})

it('16. takes requests only of those who may write to the exchange', async () => {
  const name = `nobody-${vhost.name}`
  await manage('PUT', `/api/users/${name}`, { password: 'secret', tags: '' })
  try {
    await manage('PUT', `/api/permissions/${vhost.name}/${name}`, {
      configure: '^$',
      write: '^warren\\.rpc$',
      read: '^$',
    })
    const url = new URL(vhost.amqpUrl)
    url.username = name
    url.password = 'secret'
    const connection = await connect(url.href)
    const channel = await connection.createChannel()
    const refused = Promise.withResolvers<Error & { code?: number }>()
    channel.on('error', (error: Error) => refused.resolve(error))
    channel.publish(exchanges.stream, 'reader', Buffer.alloc(0), { type: frameTypes.req })
    assert.equal((await refused.promise).code, 403)
    await connection.close()
  } finally {
    await manage('DELETE', `/api/users/${name}`)
  }
})
