import { connect } from 'amqplib'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import type { Stack } from '../support/stack.ts'
import { load, type Target } from './load.ts'

const IDLE_STARTS = 300

/** Jobs completed per second, from the first submit until the last job is successful. */
export async function measureAsync(stack: Stack, target: Target, connections: number, forMs: number): Promise<number> {
  const sql = postgres(stack.databaseUrl, { max: 1 })
  const started = performance.now()
  const { requests } = await load(target, { connections, forMs })
  for (;;) {
    // by the indexes: what is measured must not be slowed down by looking at it
    const [row] = await sql<{ left: boolean }[]>`
select exists (select from executor.jobs where state = 'queued')
  or exists (select from executor.jobs where lease_until is not null) as left`
    if (!row?.left) break
    await wait(10)
  }
  const seconds = (performance.now() - started) / 1_000
  await sql.end()
  return requests / seconds
}

/** 99th percentile in ms from sending a submit to the arrival of the job's `started` event, one job at a time. */
export async function measureIdleStart(stack: Stack): Promise<number> {
  const connection = await connect(stack.amqpUrl, { noDelay: true })
  const channel = await connection.createChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true, durable: false })
  await channel.bindQueue(queue, 'warren.events', 'job.echo.*.started')
  const starts: (() => void)[] = []
  await channel.consume(queue, () => starts.shift()?.(), { noAck: true })
  const latencies: number[] = []
  for (let count = 0; count < IDLE_STARTS; count++) {
    const begun = new Promise<void>((resolve) => starts.push(resolve))
    const sent = performance.now()
    await fetch(`${stack.url}/processes/echo/execution`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'respond-async' },
      body: '{"inputs":{"text":"hello"}}',
    }).then((answer) => answer.arrayBuffer())
    await begun
    latencies.push(performance.now() - sent)
    await wait(20)
  }
  await connection.close()
  return latencies.toSorted((a, b) => a - b)[Math.floor(IDLE_STARTS * 0.99)] ?? NaN
}
