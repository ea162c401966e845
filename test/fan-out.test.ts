import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { brokerUrl, mqttUrl, pikaPython } from './support/env.ts'
import { createHttp } from './support/http.ts'
import { jobsOf, openLedger, type Jobs, type Ledger } from './support/jobs.ts'
import { startStack, type Stack } from './support/stack.ts'
import { eventually } from './support/wait.ts'

// Subscribers that have nothing of ours hear what happens to jobs, each event, in order.

const runs = (file: string, ...args: string[]): boolean => spawnSync(file, args).error === undefined
const python = pikaPython()
const hasPika = spawnSync(python, ['-c', 'import pika']).status === 0
let stack: Stack
let jobs: Jobs
let ledger: Ledger
const stops: (() => void)[] = []

before(async () => {
  stack = await startStack()
  jobs = jobsOf(await createHttp(stack.url))
  ledger = openLedger(stack.databaseUrl)
})

after(async () => {
  for (const stop of stops) stop()
  await ledger?.close()
  await stack?.close()
})

interface Subscriber {
  /** Ids of the events of a job, as they came. */
  heard(jobId: string): string[]
}

/** Runs a program that prints a line for each event: its topic and its body. */
async function listen(file: string, args: readonly string[], ready: RegExp): Promise<Subscriber> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  stops.push(() => child.kill())
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  await eventually(`${file} is subscribed`, 10_000, () => ready.test(printed))
  return { heard }

  function heard(jobId: string): string[] {
    const lines = printed.split('\n').slice(0, -1)
    return lines
      .map((line) => /^job[./][\w-]+[./]([\w-]+)[./]\w+ (\{.*\})$/.exec(line))
      .filter((found) => found?.[1] === jobId)
      .map((found) => (JSON.parse(found?.[2] as string) as { id: string }).id)
  }
}

/** Compares what a subscriber hears of some jobs with what the ledger has. */
async function hearsAll(subscriber: Subscriber): Promise<void> {
  const ids = await Promise.all([
    ...Array.from({ length: 20 }, (_, n) => jobs.submit('echo', { text: `${n}` })),
    jobs.submit('echo', { text: 'x', fail: 'on purpose' }),
    jobs.submit('heat', { points: 101, steps: 50_000 }),
  ])
  for (const id of ids) await jobs.end(id)
  for (const id of ids) {
    const rows = await ledger.sql<{ seq: string }[]>`
select seq::text from executor.events where job_id = ${id} order by xid, seq`
    const events = rows.map(({ seq }) => seq)
    assert.ok(events.length >= 3, `${events.length} events`)
    await eventually(`all of ${id}`, 10_000, () => subscriber.heard(id).length >= events.length)
    assert.deepEqual(subscriber.heard(id), events)
  }
}

it(
  'a pika subscriber sees every event of a job in order',
  { skip: !hasPika && `${python} has no pika: apt-get install python3-pika, or set WARREN_PIKA` },
  async () => {
    const script = join(import.meta.dirname, 'amqp/subscribe.py')
    await hearsAll(await listen(python, [script, stack.amqpUrl, 'job.#'], /^subscribed$/m))
  },
)

it(
  'mosquitto_sub sees every event of a job in order',
  {
    skip:
      (!runs('mosquitto_sub', '--help') && 'there is no mosquitto_sub: apt-get install mosquitto-clients') ||
      (!mqttUrl() && 'the broker has no MQTT listener'),
  },
  async () => {
    const { hostname, port } = new URL(mqttUrl() as string)
    const { username, password } = new URL(brokerUrl())
    // RabbitMQ takes the virtual host from in front of the user's name
    const user = `${new URL(stack.amqpUrl).pathname.slice(1)}:${decodeURIComponent(username)}`
    const server = ['-h', hostname, '-p', port, '-u', user, '-P', decodeURIComponent(password)]
    // it keeps what it prints about itself back when it prints into a pipe
    const args = ['-oL', 'mosquitto_sub', ...server, '-d', '-v', '-q', '1', '-t', 'job/#']
    await hearsAll(await listen('stdbuf', args, /Subscribed/))
  },
)
