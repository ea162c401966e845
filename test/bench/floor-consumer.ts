import { connect } from 'amqplib'
import { brokerUrl } from '../support/env.ts'

/** Gives every message back. */
const [, , queue = ''] = process.argv
const connection = await connect(brokerUrl(), { noDelay: true })
const channel = await connection.createChannel()
await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'classic' } })
await channel.prefetch(100)
await channel.consume(queue, (message) => {
  if (!message) return
  const { correlationId, replyTo } = message.properties as { correlationId: string; replyTo: string }
  channel.sendToQueue(replyTo, message.content, { correlationId })
  channel.ack(message)
})
process.send?.('ready')
