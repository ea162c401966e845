import { spawn } from 'node:child_process'
import { connect, type ConsumeMessage } from 'amqplib'
import postgres from 'postgres'
import { brokerUrl } from '../support/env.ts'
import { onLines } from './lines.ts'

/** Has every message answered by a child, and stores the answer before it gives it: nothing is checked, bounded or told. */
const [, , queue = '', databaseUrl = ''] = process.argv
/** More of them do more at 64 connections, and are slower at one: each is less at hand. */
const CONNECTIONS = 4

let last = 0
const sql = postgres(databaseUrl, { max: CONNECTIONS })
await sql`create table runs (id text primary key, request json not null, results json not null, at timestamptz not null)`
const child = spawn(process.execPath, [new URL('prototype-child.ts', import.meta.url).pathname], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
const waiting = new Map<string, (output: unknown) => void>()
onLines(child.stdout, (lines) => {
  for (const line of lines) {
    const { id, output } = JSON.parse(line) as { id: string; output: unknown }
    waiting.get(id)?.(output)
    waiting.delete(id)
  }
})
process.on('SIGTERM', () => process.exit())
process.on('exit', () => child.kill())

const connection = await connect(brokerUrl(), { noDelay: true })
const channel = await connection.createChannel()
await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'classic' } })
await channel.prefetch(100)
await channel.consume(queue, (message) => void (message && answer(message)))
process.send?.('ready')

async function answer(message: ConsumeMessage): Promise<void> {
  const { correlationId, replyTo } = message.properties as { correlationId: string; replyTo: string }
  const request = message.content.toString()
  const id = String(++last)
  const output = await new Promise((resolve) => {
    waiting.set(id, resolve)
    child.stdin.write(`${JSON.stringify({ id, input: JSON.parse(request) as unknown })}\n`)
  })
  const results = JSON.stringify(output)
  await sql`insert into runs values (${id}, ${request}::text::json, ${results}::text::json, now())`
  channel.sendToQueue(replyTo, Buffer.from(results), { correlationId })
  channel.ack(message)
}
