import assert from 'node:assert/strict'
import { it } from 'node:test'
import { headers } from '@warren/contracts'
import type { ChannelModel, ConsumeMessage, Message } from 'amqplib'
import type { Connection } from './connection.ts'
import { createLog } from './log.ts'
import { createRequester } from './requester.ts'

type Published = Message & { confirm(error: Error | null): void }

/** A broker that does something within the very call that publishes: no real one is as fast. */
function instantBroker(happen: (published: Published, deliver: (message: ConsumeMessage) => void) => void): Connection {
  const listeners = new Map<string, (message: Message) => void>()
  let deliver: (message: ConsumeMessage) => void = () => {}
  const on = (event: string, listener: (message: Message) => void): void => void listeners.set(event, listener)
  const channel = {
    on,
    prependListener: on,
    assertExchange: async () => ({}),
    bindExchange: async () => ({}),
    unbindExchange: async () => ({}),
    assertQueue: async () => ({}),
    bindQueue: async () => ({}),
    consume: async (_queue: string, take: typeof deliver) => {
      deliver = take
    },
    publish: (_exchange: string, _key: string, content: Buffer, properties: object, confirm: Published['confirm']) => {
      happen({ content, properties, fields: {}, confirm } as unknown as Published, (message) => deliver(message))
    },
    close: async () => {},
  }
  const model = { createConfirmChannel: async () => channel } as unknown as ChannelModel
  const onUp = (listener: (connection: ChannelModel) => void): (() => void) => {
    listener(model)
    return () => {}
  }
  return { current: () => model, onUp, blocked: () => false, close: async () => {} }
}

const request = { exchange: '', key: 'x', type: 'x.y', body: Buffer.from('{}'), messageId: 'm1' }

it('knows a call before it is published', async () => {
  const connection = instantBroker(({ properties }, deliver) => {
    deliver({
      content: Buffer.from('"hi"'),
      properties: { ...properties, headers: {} },
      fields: {},
    } as unknown as ConsumeMessage)
  })
  const requester = createRequester(connection, { name: 'test', userId: 'guest' }, createLog('test', '1', 'silent'))
  await requester.ready(1_000)
  const answer = await requester.request({ ...request, deadline: Date.now() + 200 })
  assert.equal(answer.content.toString(), '"hi"')
  assert.equal(requester.pending(), 0)
  await requester.close()
})

it('takes the first end of a call for its only one', async () => {
  const connection = instantBroker(({ properties, confirm }, deliver) => {
    confirm(new Error('message nacked'))
    const error = { [headers.error]: 'INTERNAL' }
    deliver({
      content: Buffer.from('{}'),
      properties: { ...properties, headers: error },
      fields: {},
    } as unknown as ConsumeMessage)
    confirm(null)
  })
  const requester = createRequester(connection, { name: 'test', userId: 'guest' }, createLog('test', '1', 'silent'))
  await requester.ready(1_000)
  await assert.rejects(requester.request({ ...request, deadline: Date.now() + 200 }), { code: 'UNAVAILABLE' })
  assert.equal(requester.pending(), 0)
  await requester.close()
})
