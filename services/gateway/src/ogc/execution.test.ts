import { WarrenError, type Job, type Problem } from '@warren/contracts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createApp } from '../app.ts'
import { echo, fakeContext, job } from '../support/fake-context.ts'

type Fakes = NonNullable<Parameters<typeof fakeContext>[0]>

const done: Job = { ...job, state: 'successful', status: 'successful', finishedAt: job.updatedAt }
const reply = { body: '{"text":"hi","n":1.0}', headers: { 'job-id': 'J7', status: 'successful' } }

function run(body: string, headers: Record<string, string> = {}, fakes: Fakes = {}): Response | Promise<Response> {
  const app = createApp(fakeContext({ executor: { execute: async () => reply }, ...fakes }))
  return app.request('/processes/echo/execution', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

async function codeOf(response: Response | Promise<Response>): Promise<[number, string]> {
  const { status, code } = (await (await response).json()) as Problem
  return [status, code]
}

describe('synchronous execution', () => {
  it('passes the text on with the process, and the results back, untouched', async () => {
    const sent: unknown[] = []
    const execute: Fakes['executor'] = { execute: async (request) => (sent.push(request), reply) }
    const response = await run('{ "inputs": { "x": 1.0 } }\n', { accept: '*/*' }, { executor: execute })
    assert.deepEqual(sent, [{ key: 'echo', body: '{ "inputs": { "x": 1.0 } ,"processId":"echo"}' }])
    assert.equal(response.status, 200)
    assert.equal(await response.text(), reply.body)
    assert.equal(response.headers.get('link'), '<http://localhost/jobs/J7>; rel="monitor"; type="application/json"')
    await run('{}', {}, { executor: execute })
    assert.deepEqual(sent[1], { key: 'echo', body: '{"processId":"echo"}' })
  })

  it('leaves the link out on request', async () => {
    const response = await run(
      '{}',
      {},
      { executor: { execute: async () => reply }, config: { omitMonitorLink: true } },
    )
    assert.equal(response.headers.get('link'), null)
  })

  it('refuses what is no execute request', async () => {
    assert.deepEqual(await codeOf(run('{"inputs":')), [400, 'BAD_INPUT'])
    assert.deepEqual(await codeOf(run('')), [400, 'BAD_INPUT'])
    assert.deepEqual(await codeOf(run('[]')), [400, 'BAD_INPUT'])
    assert.deepEqual(await codeOf(run('{"inputs":[]}')), [400, 'BAD_INPUT'])
    assert.deepEqual(await codeOf(run('{"outputs":[]}')), [400, 'BAD_INPUT'])
    assert.deepEqual(await codeOf(run('{"response":"both"}')), [400, 'BAD_INPUT'])
    assert.deepEqual(await codeOf(run('{"processId":"other"}')), [400, 'BAD_INPUT'])
    assert.deepEqual(await codeOf(run('{}', { 'content-type': 'text/plain' })), [415, 'UNSUPPORTED_MEDIA_TYPE'])
    assert.deepEqual(await codeOf(run('{}', { 'content-length': '99999' })), [413, 'TOO_LARGE'])
    assert.deepEqual(await codeOf(run(`{"a":"${'x'.repeat(2_000)}"}`)), [413, 'TOO_LARGE'])
    assert.equal((await run('{}', { 'content-type': 'application/vnd.x+json; charset=utf-8' })).status, 200)
  })

  it('tells a process that does not exist from one that nobody offers now', async () => {
    assert.deepEqual(await codeOf(run('{}', {}, { processes: [] })), [404, 'NO_SUCH_PROCESS'])
    const response = await run('{}', {}, { executor: {} })
    assert.equal(response.headers.get('retry-after'), '1')
    assert.deepEqual(await codeOf(response), [503, 'UNROUTABLE'])
  })

  it('runs without the registry', async () => {
    const getProcess = (): Promise<never> => Promise.reject(new WarrenError('UNROUTABLE'))
    assert.equal(
      (await run('{}', {}, { registry: { getProcess }, executor: { execute: async () => reply } })).status,
      200,
    )
  })

  it('reports failures of the process', async () => {
    const execute = (): Promise<never> =>
      Promise.reject(new WarrenError('PROCESS_CRASHED', 'exit 1', { more: { exitCode: 1 } }))
    const response = await run('{}', {}, { executor: { execute } })
    const problem = (await response.json()) as Problem
    assert.deepEqual([response.status, problem.code, problem.exitCode], [500, 'PROCESS_CRASHED', 1])
  })
})

describe('asynchronous execution', () => {
  const executor = { submit: async () => job, getJob: async () => job, getResults: async () => reply }

  it('answers 201 with an absolute Location and the status', async () => {
    const response = await run('{}', { prefer: 'respond-async' }, { executor })
    assert.equal(response.status, 201)
    assert.equal(response.headers.get('location'), 'http://localhost/jobs/J1')
    assert.equal(response.headers.get('preference-applied'), 'respond-async')
    assert.equal(((await response.json()) as { jobID: string }).jobID, 'J1')
  })

  it('is what a process that knows nothing else does', async () => {
    const processes = [{ ...echo, jobControlOptions: ['async-execute' as const] }]
    const response = await run('{}', {}, { executor, processes })
    assert.deepEqual([response.status, response.headers.get('preference-applied')], [201, null])
  })

  it('waits for the end of the job, and answers with the results', async () => {
    let asked = 0
    const response = await run(
      '{}',
      { prefer: 'respond-async, wait=5' },
      {
        executor: { ...executor, getJob: async () => (asked++ === 0 ? job : done) },
        live: {
          watch: async (subject, heard) => {
            assert.equal(subject, 'job.echo.J1')
            setTimeout(() => heard('started', {}), 1)
            setTimeout(() => heard('successful', {}), 5)
            return () => undefined
          },
        },
      },
    )
    assert.deepEqual([response.status, await response.text()], [200, reply.body])
    assert.equal(response.headers.get('preference-applied'), 'respond-async, wait=5')
  })

  it('sees a job that ended before anybody listened', async () => {
    const response = await run('{}', { prefer: 'wait=60' }, { executor: { ...executor, getJob: async () => done } })
    assert.equal(response.status, 200)
  })

  it('answers with the same job when the time is over', async () => {
    const response = await run('{}', { prefer: 'respond-async, wait=1' }, { executor })
    assert.equal(response.status, 201)
  })
})
