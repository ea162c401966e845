import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobState, ProcessDescription } from '@warren/contracts'
import { job } from '../../support/fake-context.ts'
import { disciplineOf } from './discipline.ts'
import { jobDocument, type Parts } from './job-document.ts'

const number = { schema: { type: 'number' } }
const process: ProcessDescription = {
  id: 'echo',
  version: '1.0.0',
  title: '',
  description: '',
  inputs: {
    x1: number,
    n: { schema: { type: 'integer', default: 3 } },
    k: { schema: { type: 'number', default: 1 }, option: true },
  },
  outputs: { y1: { schema: { type: 'array', items: { type: 'number' } } }, note: { schema: { type: 'string' } } },
  jobControlOptions: ['async-execute'],
  digest: '',
}

function print(part: Partial<Parts>): string {
  const request =
    '{"processId":"echo","inputs":{"k":2,"x1":1},"gemseo":{"linearize":true,"discipline_options":{"k":2}}}'
  const whole = { request, results: undefined, files: [], discipline: disciplineOf(process), userId: 7 }
  return jobDocument({ job: { ...job, number: 5 }, ...whole, ...part })
}

test('numbers are floats where the grammar says so, names with digits stay, and nothing is no number', () => {
  const results = '{"y1":[1,-2e3,"NaN","-Infinity"],"note":"12 \\"3\\"","jacobian":{"y1":{"x1":[[0],[1]]}}}'
  const text = print({ job: { ...job, number: 5, state: 'successful' }, results })
  assert.ok(text.includes('"output_data":{"n":[3],"x1":[1.0],"y1":[1.0,-2e3,NaN,-Infinity],"note":"12 \\"3\\""}'), text)
  assert.ok(text.includes('"jacobian_data":{"y1":{"x1":[[0.0],[1.0]]}}'), text)
  assert.ok(text.includes('"discipline_options":{"k":2}'), text)
  assert.ok(text.includes('"input_data":"{\\"x1\\":1}"'), text)
})

test('of a process that is gone all numbers are floats', () => {
  const text = print({
    job: { ...job, number: 5, state: 'successful' },
    results: '{"y1":[1],"note":"1"}',
    discipline: undefined,
  })
  assert.ok(text.includes('"y1":[1.0],"note":"1"'), text)
})

test('each state has one of the five of the API', () => {
  const states: Record<JobState, string> = {
    created: 'created',
    queued: 'pending',
    staging: 'running',
    running: 'running',
    paused: 'running',
    storing: 'running',
    successful: 'finished',
    failed: 'failed',
    dismissed: 'failed',
  }
  for (const [state, status] of Object.entries(states)) {
    const { job_status, traceback } = JSON.parse(print({ job: { ...job, number: 5, state: state as JobState } })) as {
      job_status: string
      traceback: string
    }
    assert.equal(job_status, status)
    assert.equal(traceback === '', state !== 'dismissed')
  }
})
