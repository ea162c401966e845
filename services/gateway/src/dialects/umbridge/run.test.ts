import { WarrenError, type Job, type ProcessDescription } from '@warren/contracts'
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createApp } from '../../app.ts'
import { echo, fakeContext, job } from '../../support/fake-context.ts'

const number = { schema: { type: 'number' } }
const model: ProcessDescription = { ...echo, id: 'square', inputs: { x: number }, outputs: { y: number } }
const done: Job = { ...job, processId: 'square', state: 'successful', status: 'successful' }

interface Evaluated {
  readonly status: number
  readonly text: string
  /** Operations that were called */
  readonly called: readonly string[]
}

/** Evaluates the model on an executor whose synchronous runs end so. */
async function evaluate(process: Partial<ProcessDescription>, execute: () => Promise<string>): Promise<Evaluated> {
  const called: string[] = []
  const context = fakeContext({
    processes: [{ ...model, ...process }],
    executor: {
      execute: async () => (called.push('execute'), { body: await execute(), headers: {} }),
      submit: async () => (called.push('submit'), { ...job, state: 'queued' }),
      getJob: async () => done,
      getResults: async () => (called.push('getResults'), { body: '{"y":9.0}', headers: {} }),
    },
  })
  const body = '{"name":"square","input":[[3.0]]}'
  const response = await createApp(context).request('/umbridge/square/Evaluate', { method: 'POST', body })
  return { status: response.status, text: await response.text(), called }
}

const late = () => Promise.reject(new WarrenError('TIMEOUT'))

it('runs synchronously what may take no longer', async () => {
  for (const process of [{}, { timeoutMs: 60_000 }]) {
    const { text, called } = await evaluate(process, async () => '{"y":9.0}')
    assert.deepEqual([text, called], ['{"output":[[9.0]]}', ['execute']])
  }
})

it('runs as a job what may take longer, or does', async () => {
  const declared = await evaluate({ timeoutMs: 600_000 }, late)
  assert.deepEqual([declared.text, declared.called], ['{"output":[[9.0]]}', ['submit', 'getResults']])
  const asynchronous = await evaluate({ jobControlOptions: ['async-execute'] }, late)
  assert.deepEqual([asynchronous.text, asynchronous.called], ['{"output":[[9.0]]}', ['submit', 'getResults']])
  const found = await evaluate({}, late)
  assert.deepEqual([found.text, found.called], ['{"output":[[9.0]]}', ['execute', 'submit', 'getResults']])
})

it('does not run again what passed its own limit', async () => {
  const { status, text, called } = await evaluate({ timeoutMs: 5_000 }, late)
  assert.deepEqual([status, called], [504, ['execute']])
  assert.match(text, /^\{"error":\{"type":"TIMEOUT"/)
})
