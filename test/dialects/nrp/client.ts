import { spawn, spawnSync } from 'node:child_process'
import assert from 'node:assert/strict'
import { ADMIN, LOCAL, registry } from '@warren/contracts'
import { client, joinMesh } from '@warren/mesh'
import { brokerUrl, mqttUrl } from '../../support/env.ts'
import { recordingLog } from '../../support/mesh.ts'
import type { Stack } from '../../support/stack.ts'
import { eventually } from '../../support/wait.ts'

/** What a frontend of the NRP and its storage would send. */
export interface NrpClient {
  call(method: string, path: string, body?: unknown): Promise<NrpAnswer>
  /** Makes a simulation of these files, and gives its id. */
  simulate(files: Readonly<Record<string, string>>): Promise<number>
  put(id: number, state: string): Promise<NrpAnswer>
  state(id: number): Promise<string>
  /** Waits until the simulation is in a state. */
  until(id: number, state: string, ms?: number): Promise<void>
  store(experiment: string, files: Readonly<Record<string, string>>): Promise<void>
  /** The routes of Warren's own, as the same user. */
  get<T>(path: string): Promise<T>
  /** The job of a simulation: they are numbered in the order in which they were created. */
  jobOf(id: number): Promise<JobOfSimulation>
}

export interface JobOfSimulation {
  readonly jobID: string
  readonly status: string
  readonly exception?: Readonly<Record<string, unknown>>
  readonly warren: { readonly number: number }
}

export interface NrpAnswer {
  readonly status: number
  readonly location: string | null
  readonly body: Readonly<Record<string, unknown>>
}

let experiments = 0

/** @param token nobody, without one */
export function nrpClient({ url }: Pick<Stack, 'url'>, token?: string): NrpClient {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return { call, simulate, put, state, until, store, get, jobOf }

  async function call(method: string, path: string, body?: unknown): Promise<NrpAnswer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    // the name of another user counts for nothing
    const init = { method, headers: { ...headers, 'x-user-name': 'somebody', 'content-type': 'application/json' } }
    const answer = await fetch(`${url}/nrp${path}`, { ...init, ...(text !== undefined && { body: text }) })
    const told = (await answer.json()) as NrpAnswer['body']
    return { status: answer.status, location: answer.headers.get('location'), body: told }
  }

  async function simulate(files: Readonly<Record<string, string>>): Promise<number> {
    const experimentID = `experiment-${++experiments}`
    await store(experimentID, files)
    const { status, body } = await call('POST', '/simulation', { experimentID })
    assert.equal(status, 201, JSON.stringify(body))
    return body['simulationID'] as number
  }

  function put(id: number, wanted: string): Promise<NrpAnswer> {
    return call('PUT', `/simulation/${id}/state`, { state: wanted })
  }

  async function state(id: number): Promise<string> {
    return (await call('GET', `/simulation/${id}/state`)).body['state'] as string
  }

  async function until(id: number, wanted: string, ms = 20_000): Promise<void> {
    let now = ''
    const look = async () => (now = await state(id)) === wanted || now === 'failed' || now === 'stopped'
    await eventually(`simulation ${id} ${wanted}`, ms, look).catch(() => {})
    assert.equal(now, wanted, now === wanted ? '' : `simulation ${id}, not within ${ms} ms: ${await whatBecameOf(id)}`)
  }

  /** What is known of a simulation that did not do what it should. */
  async function whatBecameOf(id: number): Promise<string> {
    const job = await jobOf(id)
    return JSON.stringify({ job, log: await get<unknown>(`/jobs/${job.jobID}/logs`).catch(String) })
  }

  async function jobOf(id: number): Promise<JobOfSimulation> {
    const { jobs } = await get<{ jobs: JobOfSimulation[] }>('/jobs?processID=nrp-experiment&limit=200')
    const job = jobs.find(({ warren }) => warren.number === id + 1)
    assert.ok(job, `no job of simulation ${id}`)
    return job
  }

  async function store(experiment: string, files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, body] of Object.entries(files)) {
      const answer = await fetch(`${url}/folders/${experiment}/${path}`, { method: 'PUT', body, headers })
      assert.ok(answer.ok, `${answer.status} ${await answer.text()}`)
    }
  }

  async function get<T>(path: string): Promise<T> {
    const answer = await fetch(new URL(path, url), { headers })
    assert.ok(answer.ok, `${path}: ${answer.status}`)
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    return (isJson ? await answer.json() : Buffer.from(await answer.arrayBuffer())) as T
  }
}

const password = 'correct horse'

/** Creates users as the operator of the broker, and gives a token of each. */
export async function tokensOf(stack: Stack, names: readonly string[]): Promise<string[]> {
  const mesh = joinMesh('test', 'users', stack.amqpUrl, recordingLog())
  const users = client(registry, mesh)
  try {
    await eventually('the broker', 10_000, () => mesh.status().broker === true)
    return await Promise.all(
      names.map(async (name) => {
        await users.createUser({ name, password, roles: [] }, { principal: LOCAL, roles: [ADMIN] })
        return (await users.logIn({ name, password })).token
      }),
    )
  } finally {
    await mesh.close()
  }
}

export interface Heard {
  readonly topic: string
  readonly payload: Readonly<Record<string, unknown>>
}

export const hasMosquitto = spawnSync('mosquitto_sub', ['--help']).error === undefined && mqttUrl() !== undefined

/** Listens to a topic with an MQTT client that has nothing of ours. */
export async function listenMqtt(stack: Stack, topic: string): Promise<{ heard(): Heard[]; stop(): void }> {
  const { hostname, port } = new URL(mqttUrl() as string)
  const { username, password: secret } = new URL(brokerUrl())
  // RabbitMQ takes the virtual host from in front of the user's name
  const user = `${new URL(stack.amqpUrl).pathname.slice(1)}:${decodeURIComponent(username)}`
  const server = ['-h', hostname, '-p', port, '-u', user, '-P', decodeURIComponent(secret)]
  // it keeps what it prints about itself back when it prints into a pipe
  const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...server, '-d', '-v', '-t', topic])
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  await eventually('mosquitto_sub is subscribed', 10_000, () => /Subscribed/.test(printed))
  return { heard, stop: () => void child.kill() }

  function heard(): Heard[] {
    const lines = printed.split('\n').slice(0, -1)
    return lines
      .map((line) => /^(nrp_simulation\/\S+) ([[{].*)$/.exec(line))
      .filter((found) => found !== null)
      .map(([, name = '', text = '']) => ({ topic: name, payload: JSON.parse(text) as Heard['payload'] }))
  }
}
