import { connect } from 'amqplib'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import type { Stack } from '../support/stack.ts'
import { load, quantileOf, type Target } from './load.ts'

const IDLE_STARTS = 300
const REST_MS = 20

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

/**
 * 99th percentiles in ms, one at a time with rests between: from sending a submit to the arrival of the job's `started`
 * event, and from sending a request to the floor to its answer.
 */
export async function measureIdleStart(stack: Stack, floor: Target): Promise<{ start: number; floor: number }> {
  const connection = await connect(stack.amqpUrl, { noDelay: true })
  const channel = await connection.createChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true, durable: false })
  await channel.bindQueue(queue, 'warren.events', 'job.echo.*.started')
  const starts: (() => void)[] = []
  await channel.consume(queue, () => starts.shift()?.(), { noAck: true })
  const latencies = { start: [] as number[], floor: [] as number[] }
  for (let count = 0; count < IDLE_STARTS; count++) {
    const begun = new Promise<void>((resolve) => starts.push(resolve))
    latencies.start.push(await timed(() => post({ ...floor, url: `${stack.url}/processes/echo/execution` }, begun)))
    latencies.floor.push(await timed(() => post(floor)))
  }
  await connection.close()
  return { start: quantileOf(latencies.start)(0.99), floor: quantileOf(latencies.floor)(0.99) }
}

async function post({ url, body }: Target, then?: Promise<void>): Promise<void> {
  const headers = { 'content-type': 'application/json', prefer: 'respond-async' }
  const answer = await fetch(url, { method: 'POST', headers, body })
  await answer.arrayBuffer()
  await then
}

async function timed(work: () => Promise<void>): Promise<number> {
  await wait(REST_MS)
  const sent = performance.now()
  await work()
  return performance.now() - sent
}
