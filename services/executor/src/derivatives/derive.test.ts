import { WarrenError, type ProcessDescription } from '@warren/contracts'
import type { Mesh } from '@warren/mesh'
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { it } from 'node:test'
import { compileGrammar } from '../grammar/grammar.ts'
import { readRequest } from '../grammar/request.ts'
import { createCallers } from '../runs/callers.ts'
import { createDerive, type DeriveTask } from './derive.ts'
import { planDerivation } from './planning.ts'

const numbers = { schema: { type: 'array', items: { type: 'number' } } }
const description: ProcessDescription = {
  id: 'p',
  version: '1.0.0',
  title: '',
  description: '',
  jobControlOptions: ['sync-execute'],
  digest: '',
  inputs: { x: numbers },
  outputs: { y: numbers },
}
const grammar = compileGrammar(description)

interface Asked {
  readonly type: string
  readonly body: Buffer
  readonly signal?: AbortSignal
}

/** A mesh in which `answer` runs the process, and two executors offer it, each with two slots. */
function meshOf(answer: (x: number[], signal: AbortSignal) => Promise<number[]>) {
  const seen = { running: 0, most: 0, runs: 0 }
  const request = async ({ type, body, signal }: Asked): Promise<object> => {
    if (type === 'registry.listOffers') return message({ offers: [{ slots: 2 }, { slots: 2 }] })
    seen.most = Math.max(seen.most, ++seen.running)
    seen.runs++
    const { inputs } = JSON.parse(body.toString()) as { inputs: { x: number[] } }
    try {
      return message({ y: await answer(inputs.x, signal as AbortSignal) })
    } finally {
      seen.running--
    }
  }
  return { seen, mesh: { requester: { request } } as unknown as Mesh }
}

function message(body: object): object {
  return { content: Buffer.from(JSON.stringify(body)), properties: { headers: {} } }
}

function taskOf(size: number, more: Partial<DeriveTask> = {}): DeriveTask {
  const inputs = { x: Array.from({ length: size }, (_, index) => index) }
  return {
    request: readRequest(JSON.stringify({ processId: 'p', inputs })),
    planned: planDerivation({ mode: 'forward', step: 1 }, grammar, inputs),
    outputs: { y: [0] },
    results: '{"y":[0.0]}',
    owner: 'ada',
    deadline: Date.now() + 10_000,
    signal: new AbortController().signal,
    onProgress: () => {},
    cancelled: () => ({ move: 'dismiss' }),
    ...more,
  }
}

const derive = (mesh: Mesh) =>
  createDerive({ mesh, pool: { slots: 2, isShort: () => false }, callers: createCallers() })

it('keeps two runs for each slot of all executors under way, and no more', async () => {
  const { mesh, seen } = meshOf(async (x) => (await wait(1), [x.reduce((sum, value) => sum + value, 0)]))
  const told: number[] = []
  const ending = await derive(mesh)(taskOf(200, { onProgress: (done) => told.push(done) }))
  assert.ok(ending.move === 'stored')
  assert.equal(Object.keys(JSON.parse(ending.results) as object).join(), 'y,jacobian')
  assert.deepEqual([seen.most, seen.runs, told.at(-1)], [8, 200, 200])
})

it('ends with the first run that fails, and begins no other', async () => {
  const { mesh, seen } = meshOf(async (x, signal) => {
    if (x[5] === 5)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new WarrenError('CANCELLED'))))
    await wait(1)
    throw new WarrenError('OUT_OF_MEMORY', 'too much', { more: { jobId: 'J5' } })
  })
  const ending = await derive(mesh)(taskOf(200))
  assert.ok(ending.move === 'fail')
  assert.deepEqual([ending.error.code, ending.error.message], ['OUT_OF_MEMORY', 'The run for x[5]: too much'])
  assert.deepEqual(ending.error.details.more, { derivativeRun: { name: 'x[5]', jobId: 'J5' } })
  assert.deepEqual([seen.running, seen.runs], [0, 8])
})

it('ends as it was told to', async () => {
  const stop = new AbortController()
  const { mesh } = meshOf(async (_, signal) => {
    setTimeout(() => stop.abort(), 1)
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new WarrenError('CANCELLED'))))
  })
  assert.deepEqual(await derive(mesh)(taskOf(3, { signal: stop.signal })), { move: 'dismiss' })
})

it('keeps no more than there is room for', async () => {
  const large = Array.from({ length: 400_000 }, () => 0.123456789012345)
  const { mesh, seen } = meshOf(async () => large)
  const ending = await derive(mesh)(taskOf(200))
  assert.ok(ending.move === 'fail')
  assert.equal(ending.error.code, 'TOO_LARGE')
  assert.ok(seen.runs < 20)
})
