import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { after, it } from 'node:test'
import { joinMesh, survey } from '@warren/mesh'
import { recordingLog } from './support/mesh.ts'
import { openLedger } from './support/jobs.ts'
import { createPatient, type Asked } from './support/patient.ts'
import { startPeer, type Peer } from './support/peer.ts'
import { startStack } from './support/stack.ts'
import { eventually } from './support/wait.ts'

const stack = await startStack({ executors: ['executor-a', 'executor-b'] })
const peers: Peer[] = []
const mesh = joinMesh('watching', 'test', stack.amqpUrl, recordingLog())
const ledger = openLedger(stack.databaseUrl)
after(async () => {
  await ledger.close()
  await mesh.close()
  await Promise.all(peers.map((peer) => peer.stop()))
  await stack.close()
})

/** Waits until so many instances of a service can be called. */
function ready(service: string, count: number): Promise<unknown> {
  return eventually(`${count} of ${service}`, 30_000, async () => {
    const isReady = (replies: readonly { ready: boolean }[]) => replies.filter(({ ready }) => ready).length
    const enough = (replies: readonly { ready: boolean }[]) => isReady(replies) >= count
    return isReady(await survey(mesh, 'ping', { to: service, waitMs: 500, enough })) >= count
  })
}

const LOOPS = 6
/** A little more than a request takes: this is about what is lost, not about how many there are. */
const PAUSE_MS = 5

it('restarts one instance after the other while every idempotent request is answered', async (t) => {
  const second = { gateway: await startPeer('gateway', stack), registry: await startPeer('registry', stack) }
  peers.push(second.gateway, second.registry)
  await eventually('the second gateway', 30_000, async () => {
    return (await fetch(`${second.gateway.url}/readyz`).catch(() => undefined))?.status === 200
  })
  await ready('registry', 2)
  await ready('executor', 2)

  const client = createPatient([stack.url, second.gateway.url])
  t.after(() => client.close())
  const failures: string[] = []
  const submitted = new Map<string, string>()
  const executed = new Set<string>()
  const statuses = new Map<string, number>()
  let answers = 0
  let longestMs = 0
  const ending = new AbortController()
  const loops = Array.from({ length: LOOPS }, (_, i) => loop(i))

  const restarts: [string, () => Promise<unknown>][] = [
    ['registry', () => restart('registry')],
    ['the other registry', () => restartPeer(second.registry)],
    ['executor-a', () => restart('executor-a')],
    ['executor-b', () => restart('executor-b')],
    ['gateway', () => restart('gateway')],
    ['the other gateway', () => restartPeer(second.gateway)],
  ]
  for (const [name, restarted] of restarts) {
    const before = answers
    await restarted()
    await ready('registry', 2)
    await ready('executor', 2)
    await ready('gateway', 2)
    await eventually('it is under load', 10_000, () => answers > before + 20)
    t.diagnostic(`${name}: ${answers} answers, longest ${Math.round(longestMs)} ms, ${JSON.stringify(client.retried)}`)
    longestMs = 0
    assert.deepEqual(failures, [], name)
  }
  ending.abort()
  await Promise.all(loops)
  assert.deepEqual(failures, [])
  assert.ok(client.retried.refused + client.retried.closed > 0, 'gateways went away under load')
  t.diagnostic([...statuses].map(([status, count]) => `${count} × ${status}`).join(', '))

  assert.ok(submitted.size > 20)
  await ledger.reaches('successful', submitted.size, 20_000)
  const [row] = await ledger.sql<Record<string, number>[]>`
select
  count(*) filter (where mode = 'async')::int as submitted, count(*) filter (where mode = 'sync')::int as executed
from executor.jobs`
  assert.deepEqual(row, { submitted: submitted.size, executed: executed.size }, 'one job for each key')

  async function restart(name: 'registry' | 'gateway' | 'executor-a' | 'executor-b'): Promise<void> {
    await stack.signal(name, 'SIGTERM')
    stack.start(name)
  }

  async function restartPeer(peer: Peer): Promise<void> {
    assert.equal(await peer.stop(), 0)
    peer.start()
  }

  async function loop(which: number): Promise<void> {
    for (let i = 0; !ending.signal.aborted; i++) {
      const key = `${which}-${i}`
      const asked = requestOf(i, key)
      const since = performance.now()
      try {
        const { status, text } = await client.ask(asked)
        answers++
        longestMs = Math.max(longestMs, performance.now() - since)
        statuses.set(`${asked.method} ${status}`, (statuses.get(`${asked.method} ${status}`) ?? 0) + 1)
        if (status !== 200 && status !== 201) failures.push(`${asked.method} ${asked.path}: ${status} ${text}`)
        if (status === 200 && asked.method === 'POST') executed.add(key)
        if (status === 201) submitted.set(key, (JSON.parse(text) as { jobID: string }).jobID)
      } catch (error) {
        failures.push(`${asked.method} ${asked.path}: ${String(error)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  function requestOf(i: number, key: string): Asked {
    // some are under way for longer, and so while their executor is told to end
    const body = { inputs: { text: key, ...(i % 50 === 1 && { pause: 1 }) } }
    const post = { method: 'POST', path: '/processes/echo/execution', body } as const
    const known = [...submitted.values()].at(-1)
    const gets = ['/processes', '/processes/echo', '/jobs?limit=3', known ? `/jobs/${known}` : '/jobs']
    if (i % 3 === 1) return { ...post, headers: { 'idempotency-key': `s-${key}` } }
    if (i % 3 === 2) return { ...post, headers: { 'idempotency-key': `a-${key}`, prefer: 'respond-async' } }
    return { method: 'GET', path: gets[(i / 3) % gets.length] as string }
  }
})

it('is not ready first, then ends its connections one answer at a time, and only then goes away', async (t) => {
  const gateway = await startPeer('gateway', stack, { DRAIN_DELAY_MS: '1500' })
  let stopped: Promise<number | null> | undefined
  t.after(() => (stopped ??= gateway.stop()))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const readyz = async () => (await fetch(`${gateway.url}/readyz`).catch(() => undefined))?.status
  await eventually('it is ready', 30_000, async () => (await readyz()) === 200)
  assert.deepEqual(await get(agent, `${gateway.url}/processes/echo`), { status: 200, connection: 'keep-alive' })
  stopped = gateway.stop()
  await eventually('it is not ready', 1_000, async () => (await readyz()) === 503)
  // it serves still, for who has not heard of it yet
  assert.deepEqual(await get(agent, `${gateway.url}/processes/echo`), { status: 200, connection: 'close' })
  assert.equal(await stopped, 0)
  await assert.rejects(get(agent, `${gateway.url}/livez`), { code: 'ECONNREFUSED' })
})

function get(agent: Agent, url: string): Promise<{ status: number | undefined; connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      const { statusCode: status, headers } = response
      response.resume().on('end', () => resolve({ status, connection: headers.connection }))
    })
      .on('error', reject)
      .end()
  })
}
