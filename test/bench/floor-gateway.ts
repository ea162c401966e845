import { serve } from '@hono/node-server'
import { connect } from 'amqplib'
import { Hono } from 'hono'
import { brokerUrl } from '../support/env.ts'

/** The least that an HTTP → AMQP → HTTP hop can be with these libraries: nothing is checked, stored or bounded. */
const [, , port, queue = ''] = process.argv

const connection = await connect(brokerUrl(), { noDelay: true })
const channel = await connection.createChannel()
const waiting = new Map<string, (body: string) => void>()
let last = 0
await channel.consume(
  'amq.rabbitmq.reply-to',
  (message) => {
    const id = message?.properties.correlationId as string
    waiting.get(id)?.(message?.content.toString() ?? '')
    waiting.delete(id)
  },
  { noAck: true },
)

const app = new Hono()
app.post('/echo', async (c) => {
  const body = await c.req.text()
  const correlationId = String(++last)
  const answer = await new Promise<string>((resolve) => {
    waiting.set(correlationId, resolve)
    channel.sendToQueue(queue, Buffer.from(body), { correlationId, replyTo: 'amq.rabbitmq.reply-to' })
  })
  return c.body(answer, 200, { 'content-type': 'application/json' })
})
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' }, () => process.send?.('ready'))
